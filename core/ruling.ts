import type { RuleSet } from "./decide.ts";
import type { Guardrail, Watch } from "./guardrail.ts";
import type { Action, Reason } from "./operation.ts";
import type { Session } from "./session.ts";

/** What one session's rules say of some actions, whatever the text that has them; kept until the policy changes. */
export interface Ruling {
  readonly ruleSet: RuleSet;
  readonly policyVersion: string;
  /** Why the rules refuse them. */
  readonly refused: Reason | undefined;
  /** The rule that allows each action. */
  readonly rules: readonly string[];
  /** That apply, outermost first; their watches beside them. */
  readonly guardrails: readonly Guardrail[];
  readonly watches: readonly Watch[];
  /** Those of the watches that judge a text beforehand, and those that may want to see an answer. */
  readonly judging: boolean;
  readonly answering: readonly Watch[];
  /** More than read: its entry is durable before it is sent. */
  readonly writes: boolean;
  /** Some guardrail keeps literals out of the trail, so parameters are kept out too. */
  readonly redacts: boolean;
}

export function ruleOn(session: Session, actions: readonly Action[]): Ruling {
  const ruleSet = session.rules;
  const { reason, steps, timed, guardrails } = ruleSet.decide(actions);
  session.restOn(timed);
  const watches = guardrails.map((guardrail) => session.watch(guardrail));
  return {
    ruleSet,
    policyVersion: ruleSet.policy.version,
    refused: reason ?? refusedByResource(session, actions),
    rules: steps.flatMap((step) => step.rule ?? []),
    guardrails,
    watches,
    judging: watches.some((watch) => watch.prepare),
    answering: watches.filter((watch) => watch.answer),
    writes: actions.some((action) => action.effect !== "read"),
    redacts: session.watching.some(({ guardrail }) => guardrail.redact),
  };
}

function refusedByResource({ refuses, rules }: Session, actions: readonly Action[]): Reason | undefined {
  for (const action of actions) {
    const reason = refuses?.(action, rules.effects);
    if (reason) return reason;
  }
  return undefined;
}
