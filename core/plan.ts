import { guardrailFailed } from "./answers.ts";
import { PosternError } from "./error.ts";
import type { Plan } from "./gate.ts";
import type { Operation, Reason, Statement } from "./operation.ts";
import type { Ruling } from "./ruling.ts";
import type { Session } from "./session.ts";
import { type Cut, cut } from "./trail/cut.ts";
import type { Entry } from "./trail/entry.ts";

/** What is known of a statement in one session before it runs; kept until the policy changes. */
export interface SessionPlan extends Plan {
  readonly ruling: Ruling;
  /** What guardrails see where an execution adds nothing to the text. */
  readonly operation: Operation;
  /** The text as the trail keeps it: redacted, cut. */
  readonly trailText: Cut;
  /** It has run. */
  ran: boolean;
  /** How it stands in the trail where nothing but its text is told; kept once it runs again. */
  entry: Entry | undefined;
}

/** `ruling`: on the statement's actions. What is left to do here is what hangs on the text. */
export function makePlan(
  session: Session,
  statement: Statement,
  ruling: Ruling,
  failed: (guardrail: string, error: unknown) => void,
): SessionPlan {
  const { text, actions, detail, predicates, stores } = statement;
  const { policyVersion, refused } = ruling;
  const plain: Operation = { text, actions, detail, inTransaction: false, policyVersion };
  const operation: Operation =
    predicates === undefined && stores === undefined
      ? plain
      : {
          ...plain,
          ...(predicates === undefined ? {} : { predicates }),
          ...(stores === undefined ? {} : { stores }),
        };
  return {
    statement,
    policyVersion,
    ruling,
    operation,
    trailText: cut(ruling.redacts ? redacted(session, text) : text),
    ran: false,
    entry: undefined,
    verdict: refused
      ? { deny: worded(session, statement, refused) }
      : ruling.judging
        ? judged(ruling, operation, failed)
        : "allow",
  };
}

/** The refusal with what the protocol can say of why the text cannot be told. */
function worded({ rules }: Session, { actions, unclear }: Statement, refused: Reason): Reason {
  const words = actions.some(({ effect }) => effect === "unknown") ? unclear?.() : undefined;
  return (words === undefined ? undefined : rules.decide(actions, words).reason) ?? refused;
}

/** What the guardrails say from the text alone: the first refusal, else whether one will ask a person. */
function judged(
  { guardrails, watches }: Ruling,
  operation: Operation,
  failed: (guardrail: string, error: unknown) => void,
): Plan["verdict"] {
  let verdict: Plan["verdict"] = "allow";
  for (const [index, watch] of watches.entries()) {
    try {
      const own = watch.prepare ? watch.prepare(operation) : "allow";
      if (own === "allow") continue;
      if (own === "willHold") verdict = own;
      // A plugin that no type checker has seen may say anything.
      else if (own?.deny) return own;
      else throw new TypeError("prepare() returned neither allow, willHold nor deny");
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
