import type { Action, Statement } from "./operation.ts";
import { makePlan, type SessionPlan } from "./plan.ts";
import { type Ruling, ruleOn } from "./ruling.ts";
import type { Session } from "./session.ts";

/** Plans and rulings that a session keeps; past it they are made anew. */
const limit = 2048;
/** Plans of statements that have been asked about once: most of those that differ in a literal never are again. */
const newLimit = 64;
/** The plan of a longer text is only kept while it is the last: each session would keep texts by the thousand. */
const longest = 64 << 10;

/** What is known of a session's statements before they run, while the policy stays. */
export class Plans {
  #plans: Map<Statement, SessionPlan> | undefined;
  #new: Map<Statement, SessionPlan> | undefined;
  /** The one that was asked for last, as its statement is again for each of its messages. */
  #last: SessionPlan | undefined;
  /** By the list of actions itself: statements that differ in their text only share it. */
  #rulings: Map<readonly Action[], Ruling> | undefined;

  constructor(
    readonly owner: Session,
    readonly failed: (guardrail: string, error: unknown) => void,
  ) {}

  of(statement: Statement): SessionPlan {
    const last = this.#last;
    if (last?.statement === statement && last.ruling.ruleSet === this.owner.rules) return last;
    this.#last = this.#known(statement) ?? this.#made(statement);
    return this.#last;
  }

  /** One that is asked for again stays. */
  #known(statement: Statement): SessionPlan | undefined {
    const kept = this.#plans?.get(statement);
    const known = kept ?? this.#new?.get(statement);
    if (known === undefined || known.ruling.ruleSet !== this.owner.rules) return undefined;
    if (kept === undefined) this.#plans = including(this.#plans, statement, known, limit);
    return known;
  }

  #made(statement: Statement): SessionPlan {
    const plan = makePlan(this.owner, statement, this.#ruling(statement.actions), this.failed);
    if (statement.text.length > longest) return plan;
    this.#plans?.delete(statement);
    this.#new = including(this.#new, statement, plan, newLimit);
    return plan;
  }

  #ruling(actions: readonly Action[]): Ruling {
    const known = this.#rulings?.get(actions);
    if (known && known.ruleSet === this.owner.rules) return known;
    const ruling = ruleOn(this.owner, actions);
    this.#rulings = including(this.#rulings, actions, ruling, limit);
    return ruling;
  }
}

/** With one more, or, where there were too many, with that alone. */
function including<Key, Value>(
  map: Map<Key, Value> | undefined,
  key: Key,
  value: Value,
  most: number,
): Map<Key, Value> {
  if (map === undefined || map.size >= most) return new Map([[key, value]]);
  return map.set(key, value);
}
