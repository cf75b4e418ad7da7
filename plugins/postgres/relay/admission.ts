import type { Cursor, Denial, Execution, HeldOperation, Pass, Plan, Reason } from "../../../core/plugin.ts";
import type { Asked } from "../examine/asked.ts";
import { frontend, headerSize, status } from "../wire/message.ts";
import { sync } from "../wire/query.ts";
import { noticeResponse } from "../wire/report.ts";
import type { Exchange } from "./exchange.ts";
import { flag, kind } from "./owed.ts";
import type { BoundParameters } from "./parameters.ts";

type Batch = readonly { readonly plan: Plan; readonly parameters?: BoundParameters }[];

/** A caller that is not read could leave unseen, and its hold must not outlive it. */
const tooMuch: Reason = {
  code: "limit.buffer",
  message: "More arrived behind an operation that waits for an approval than is kept.",
  hint: "Send on when it is answered; the operator sets `limits.buffer`.",
};

/** Kinds that only prepare: what they lock, a Sync gives back without losing anything. */
const preparing = (1 << kind.parse) | (1 << kind.describeStatement);

/**
 * Asks the gate about the message at the cursor. While the gate thinks, the caller's direction stands
 * still at that message, and the answer is for it alone.
 */
export class Admission {
  #asking = false;
  #decided: Pass | Denial | undefined;
  #hold: HeldOperation | undefined;
  /** How much of what waits behind a hold has been looked at. */
  #scanned = 0;
  #cursor: Cursor | undefined;
  /** Bytes that were there when the direction came to a stand. */
  #askedWith = 0;
  /** An execution of which there is nothing to say: one object for all of them, since one is asked about at a time. */
  readonly #plain: Execution & { inTransaction: boolean };
  /** The same with parameters. */
  readonly #bound: Execution & { inTransaction: boolean; parameters?: NonNullable<Execution["parameters"]> };
  /** What it is asked about. */
  #plan: Plan | undefined;
  #parameters: BoundParameters | undefined;
  #batch: Batch | undefined;
  /** It is looked at for its approver, and not held yet. */
  #looking = false;
  /** The caller withdrew it meanwhile. */
  #withdrawn: "cancelled" | "abandoned" | undefined;

  constructor(readonly exchange: Exchange) {
    const examine = exchange.services.examine?.bind(exchange.services);
    this.#plain = {
      inTransaction: false,
      ...(examine ? { examination: () => examine(this.#asked()) } : {}),
      held: (hold) => this.#held(hold),
    };
    this.#bound = { ...this.#plain };
  }

  /** undefined: the direction is stalled; the same message asks again when the gate has answered. */
  ask(cursor: Cursor, plan: Plan, parameters?: BoundParameters, batch?: Batch): Pass | Denial | undefined {
    const { exchange } = this;
    if (this.#decided) {
      const decided = this.#decided;
      this.#decided = undefined;
      if ("deny" in decided || this.#isAsked(plan, batch)) return decided;
      // While it was decided, what it does on this resource has changed.
      unused(decided);
    }
    if (!this.#asking) {
      if (plan.verdict === "willHold" && !this.#quiet(cursor)) return undefined;
      const execution = parameters ? this.#bound : this.#plain;
      execution.inTransaction = exchange.inTransaction;
      if (parameters) this.#bound.parameters = parameters;
      this.#plan = plan;
      this.#parameters = parameters;
      this.#batch = batch;
      const answer = exchange.services.gate.begin(
        plan,
        batch && batch.length > 0 ? { ...execution, batch } : execution,
      );
      if (!(answer instanceof Promise)) return answer;
      this.#asking = true;
      this.#cursor = cursor;
      this.#askedWith = cursor.end - cursor.at;
      // Where the message was cut in two, the rest of its chunk is not in view before the end of this step.
      queueMicrotask(() => {
        this.#askedWith = cursor.end - cursor.at;
      });
      answer.then((decided) => this.#settle(decided));
    }
    exchange.stall(cursor, "decision");
    return undefined;
  }

  /** Whether it is still what was asked about: the same message may do something else by now. */
  #isAsked(plan: Plan, batch: Batch = []): boolean {
    const before = this.#batch ?? [];
    return (
      doesAs(plan, this.#plan) &&
      batch.length === before.length &&
      batch.every((one, at) => doesAs(one.plan, before[at]?.plan))
    );
  }

  /** For the trail: this was denied from its text alone. */
  denied(plan: Plan): void {
    const answer = this.exchange.services.gate.begin(plan, { inTransaction: this.exchange.inTransaction });
    if (answer instanceof Promise) void answer.then(unused);
    else unused(answer);
  }

  /** The message that was asked about does not go to the server after all. */
  forget(): void {
    if (this.#decided) unused(this.#decided);
    this.#decided = undefined;
  }

  /** True when a hold was there to be withdrawn. */
  withdraw(how: "cancelled" | "abandoned"): boolean {
    const hold = this.#hold;
    this.#hold = undefined;
    hold?.withdraw(how);
    if (hold || !this.#looking) return hold !== undefined;
    this.#withdrawn = how;
    return true;
  }

  /** Looks for a Terminate in what arrived behind a held message. */
  scan(pending: Buffer): void {
    if (!this.#hold) return;
    const { gate, limits } = this.exchange.services;
    if (pending.length - this.#askedWith > limits.buffer) return gate.end(tooMuch);
    for (let at = this.#scanned; pending.length - at >= headerSize; ) {
      if (pending[at] === frontend.terminate) {
        this.exchange.leaving = true;
        this.withdraw("abandoned");
        return;
      }
      at += Math.max(pending.readInt32BE(at + 1), 4) + 1;
      this.#scanned = at;
    }
  }

  /**
   * Before a hold everything earlier is answered, so that nobody approves what an earlier error would
   * skip, and where only Parse and Describe went before, a Sync of our own gives back their locks.
   */
  #quiet(cursor: Cursor): boolean {
    const { exchange } = this;
    if (!exchange.drained(cursor)) return false;
    const { sent } = exchange;
    if (sent === 0 || (sent & ~preparing) !== 0 || exchange.status !== status.idle) return true;
    cursor.insert(sync);
    exchange.owed.push(kind.sync, flag.swallow);
    exchange.sent = 0;
    return exchange.drained(cursor);
  }

  #held(hold: HeldOperation): void {
    const { exchange } = this;
    if (exchange.over) {
      hold.withdraw("abandoned");
      return;
    }
    this.#looking = false;
    if (this.#withdrawn) {
      hold.withdraw(this.#withdrawn);
      return;
    }
    this.#hold = hold;
    this.#scanned = 0;
    exchange.pump?.inject("toCaller", noticeResponse({ message: hold.notice }));
    exchange.flushNow();
    if (this.#cursor) this.scan(this.#cursor.view.subarray(this.#cursor.at, this.#cursor.end));
  }

  /** What the approver is told about. */
  #asked(): Asked {
    const { exchange } = this;
    this.#looking = true;
    const one = (plan: Plan, parameters: BoundParameters | undefined) => ({
      statement: plan.statement,
      ...(parameters ? { parameters } : {}),
    });
    const own = this.#plan ? [one(this.#plan, this.#parameters)] : [];
    const others = (this.#batch ?? []).map(({ plan, parameters }) => one(plan, parameters));
    const group = exchange.inTransaction ? { statements: 0 } : undefined;
    return {
      statements: [...own, ...others],
      settings: exchange.settings,
      parameters: exchange.parameters,
      transaction: exchange.transaction ? { ...exchange.transaction } : group,
    };
  }

  #settle(decided: Pass | Denial): void {
    this.#asking = false;
    this.#looking = false;
    this.#withdrawn = undefined;
    this.#hold = undefined;
    if (this.exchange.over) {
      unused(decided);
      return;
    }
    this.#decided = decided;
    this.exchange.go("decision");
  }
}

function doesAs({ statement }: Plan, other: Plan | undefined): boolean {
  const actions = other?.statement.actions;
  return statement.actions === actions || JSON.stringify(statement.actions) === JSON.stringify(actions);
}

/** A Pass that will not be used: nothing was sent. */
export function unused(decided: Pass | Denial): void {
  if (!("deny" in decided)) decided.end({ result: "cancelled" });
}
