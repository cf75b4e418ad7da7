import type { GrantRequest } from "../grant.ts";
import { shareParty } from "../identity.ts";
import type { HoldAnswer } from "../supervision.ts";
import { allMatch } from "../who.ts";
import { digestOf, type Judged } from "./ask.ts";

/** Why this answer to a request does not count; undefined: it does. `judged`: by the policy as it is now. */
export function mayNotAnswer(
  request: GrantRequest,
  { rules, terms }: Judged,
  answer: HoldAnswer,
): string | undefined {
  const { by, approve, digest } = answer;
  if (shareParty(by, request.identity)) {
    return "Nobody answers a request of their own, by whichever identity, nor one of whom they act for or who acts for them.";
  }
  // Whoever answers for another: both must be allowed to.
  const missing = terms.by.find((who) => !allMatch(who, by));
  if (missing) return `Only ${missing.label} may answer this.`;
  if (digest !== undefined && digest !== request.digest)
    return "The request shown is not the one that waits.";
  if (digestOf(request, rules) !== request.digest) {
    return "The policy has changed what this request would open, or who approves it: it must be asked for again.";
  }
  if (approve && request.approved.some((other) => shareParty(other, by))) {
    return "The second approver must be another person than the first.";
  }
  return undefined;
}
