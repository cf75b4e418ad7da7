import {
  effects as allEffects,
  type Duration,
  type Effect,
  type Guardrail,
  type HoldRequest,
  milliseconds,
  oneOf,
  onlyKnown,
  PosternError,
  type Who,
} from "../../core/plugin.ts";

export interface ApproveOptions {
  /** Who may approve. Never the requester, nor whom it acts for, nor who acts for it. */
  readonly by: Who;
  /** `2`: two different persons must approve. */
  readonly approvers?: 1 | 2;
  /** How long an operation waits before it is refused. */
  readonly within: Duration;
  /** In an open transaction a wait holds locks on the resource: refuse at once, or wait this long at most. */
  readonly inTransaction?: "deny" | Duration;
  /** What the caller and the approver read with it: a ticket, a runbook. */
  readonly message?: string;
}

export interface Approval extends Guardrail<"operation"> {
  /** The same approval, asked for only where an operation does one of these. */
  for(...effects: [Effect, ...Effect[]]): Approval;
}

/**
 * Holds each operation, on its open connection, until a person says yes.
 *
 *     const signOff = approve({ by: group("leads"), within: "15m" });
 *     { who: group("dba"), on: "orders", may: ["read", "define"], under: [signOff.for("define")] }
 *
 * Throws PosternError `policy.duration`, `policy.option`, `approve.within`.
 */
export function approve(options: ApproveOptions): Approval {
  onlyKnown<ApproveOptions>("approve", options, {
    by: true,
    approvers: true,
    within: true,
    inTransaction: true,
    message: true,
  });
  const { by, approvers = 1, within, inTransaction = "60s", message } = options;
  const request: HoldRequest = {
    by,
    ...(howMany(approvers) === 2 ? { approvers } : {}),
    within: positive(within),
    inTransaction: inTransaction === "deny" ? inTransaction : positive(inTransaction),
    ...(message === undefined ? {} : { message }),
  };
  return approval(request);
}

function approval(request: HoldRequest, effects?: readonly Effect[]): Approval {
  const watch = {
    prepare: () => "willHold" as const,
    operation: () => ({ hold: request }),
  };
  return {
    name: "approve",
    needs: ["operation"],
    ...(effects ? { effects } : {}),
    open: () => watch,
    for: (...narrower) =>
      approval(
        request,
        narrower.map((effect) => oneOf("effect", effect, allEffects)),
      ),
  };
}

function howMany(approvers: 1 | 2): 1 | 2 {
  if (approvers === 1 || approvers === 2) return approvers;
  throw new PosternError(
    "policy.option",
    `approve: ${JSON.stringify(approvers)} approvers cannot be asked for.`,
    {
      hint: "One person approves, or two do: approvers: 2.",
    },
  );
}

function positive(duration: Duration): number {
  const time = milliseconds(duration);
  if (time > 0) return time;
  throw new PosternError("approve.within", `Nobody can approve within "${duration}".`, {
    hint: 'Give people time: within: "15m".',
  });
}
