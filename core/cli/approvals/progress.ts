import type { Identity } from "../../identity.ts";
import { whoIs } from "../who-is.ts";

interface Asked {
  readonly by: string;
  readonly approvers: 1 | 2;
  readonly approved: readonly Identity[];
}

/** `lea and bob`; empty: nobody has. */
export function approvedBy({ approved }: Pick<Asked, "approved">): string {
  return approved.map((one) => whoIs(one)).join(" and ");
}

/** `1 of 2 approved by bob, `: how far it is, where one person is not enough. */
export function progress(asked: Asked): string {
  if (asked.approvers === 1) return "";
  const by = approvedBy(asked);
  return `${asked.approved.length} of 2 approved${by === "" ? "" : ` by ${by}`}, `;
}

/** Who may approve, and how many must. */
export function approversText({ by, approvers }: Pick<Asked, "by" | "approvers">): string {
  return approvers === 2 ? `two of ${by}` : by;
}

/** With one more approval; `how` where that was the last one it needed. */
export function withApproval<T extends Asked>(asked: T, by: Identity): T & { how?: "approved" } {
  const approved = [...asked.approved, by];
  return approved.length < asked.approvers ? { ...asked, approved } : { ...asked, approved, how: "approved" };
}
