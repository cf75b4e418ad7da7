import { guardrailFailed } from "./answers.ts";
import type { RuleSet } from "./decide.ts";
import { PosternError } from "./error.ts";
import type { Plan } from "./gate.ts";
import type { Guardrail, Watch } from "./guardrail.ts";
import type { Operation, Statement } from "./operation.ts";
import type { Session } from "./session.ts";
import { type Cut, cut } from "./trail/cut.ts";

/** What is known of a statement in one session before it runs; kept until the policy changes. */
export interface SessionPlan extends Plan {
  readonly ruleSet: RuleSet;
  /** The rule that allows each action. */
  readonly rules: readonly string[];
  /** Of the guardrails that apply, outermost first; `names` beside it. */
  readonly watches: readonly Watch[];
  readonly names: readonly string[];
  /** More than read: its entry is durable before it is sent. */
  readonly writes: boolean;
  /** What guardrails see where an execution adds nothing to the text. */
  readonly operation: Operation;
  /** The text as the trail keeps it: redacted, cut. */
  readonly trailText: Cut;
  /** Literals are kept out of the trail, so parameters are too. */
  readonly redacts: boolean;
}

export function makePlan(
  session: Session,
  statement: Statement,
  failed: (guardrail: string, error: unknown) => void,
): SessionPlan {
  const ruleSet = session.rules;
  const decision = ruleSet.decide(statement.actions);
  const guardrails = decision.guardrails;
  const watches = guardrails.map((guardrail) => session.watch(guardrail));
  const policyVersion = ruleSet.policy.version;
  const operation: Operation = { ...statement, inTransaction: false, policyVersion };
  return {
    statement,
    policyVersion,
    ruleSet,
    rules: decision.steps.flatMap((step) => step.rule ?? []),
    watches,
    names: guardrails.map((guardrail) => guardrail.name),
    writes: statement.actions.some((action) => action.effect !== "read"),
    operation,
    trailText: cut(redacted(session, statement.text)),
    redacts: session.watching.some(({ guardrail }) => guardrail.redact),
    verdict: decision.reason ? { deny: decision.reason } : prepared(guardrails, watches, operation, failed),
  };
}

/** What the guardrails say from the text alone: the first refusal, else whether one will ask a person. */
function prepared(
  guardrails: readonly Guardrail[],
  watches: readonly Watch[],
  operation: Operation,
  failed: (guardrail: string, error: unknown) => void,
): Plan["verdict"] {
  let verdict: Plan["verdict"] = "allow";
  for (const [index, watch] of watches.entries()) {
    try {
      const own = watch.prepare?.(operation) ?? "allow";
      if (typeof own === "object") return own;
      if (own === "willHold") verdict = own;
    } catch (error) {
      if (error instanceof PosternError) return { deny: error.reason };
      failed(guardrails[index]?.name ?? "guardrail", error);
      return { deny: guardrailFailed(error) };
    }
  }
  return verdict;
}

/** By every guardrail of the session, also for what is denied: a literal is no less secret then. */
function redacted(session: Session, text: string): string {
  return session.watching.reduce((now, { guardrail }) => guardrail.redact?.(now) ?? now, text);
}
