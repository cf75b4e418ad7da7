import { composeAnswers, guardrailFailed } from "./answers.ts";
import { PosternError } from "./error.ts";
import { executed } from "./executed.ts";
import type { Denial, EndListener, Execution, Gate, GateSession, Pass, Plan } from "./gate.ts";
import { appendOperation, deniedActions } from "./gate-entries.ts";
import type { Answer, HoldRequest, Verdict, Watch } from "./guardrail.ts";
import { askForApproval } from "./hold-at-gate.ts";
import type { Holds } from "./holds.ts";
import type { Tally } from "./metrics.ts";
import type { Operation, Reason, Statement } from "./operation.ts";
import { OpenPass } from "./pass.ts";
import type { SessionPlan } from "./plan.ts";
import { Plans } from "./plans.ts";
import { type Limits, limitOf } from "./policy.ts";
import type { Session } from "./session.ts";

const noHolds: HoldRequest[] = [];

export interface GateServices {
  readonly holds: Holds;
  readonly allowed: Tally;
  readonly denied: Tally;
  reached(limit: keyof Limits): void;
  /** The operator's view of a failed guardrail. */
  failed(session: string, guardrail: string, error: unknown): void;
}

/** The gate of one session: every operation and every answer pass here. */
export class SessionGate implements Gate {
  readonly session: GateSession;
  readonly #plans: Plans;
  /** The rest is derived from the session's guardrails, anew when a reload changed them. */
  #derivedFrom: Session["watching"] | undefined;
  #wires: readonly { readonly name: string; readonly watch: Watch }[] = [];
  #unasked: readonly Watch[] = [];
  #wantsParameters = false;
  #wantsPredicates = false;
  #wantsStores = false;
  readonly #failed = (guardrail: string, error: unknown) =>
    this.services.failed(this.owner.id, guardrail, error);

  constructor(
    readonly owner: Session,
    readonly services: GateServices,
  ) {
    this.session = owner;
    this.#plans = new Plans(owner, this.#failed);
  }

  get signal(): AbortSignal {
    return this.owner.signal;
  }

  onEnd(listener: EndListener): void {
    this.owner.onEnd(listener);
  }

  get wantsParameters(): boolean {
    this.#derive();
    return this.#wantsParameters;
  }

  get wantsPredicates(): boolean {
    this.#derive();
    return this.#wantsPredicates;
  }

  get wantsStores(): boolean {
    this.#derive();
    return this.#wantsStores;
  }

  get recordsWire(): boolean {
    this.#derive();
    return this.#wires.length > 0;
  }

  plan(statement: Statement): SessionPlan {
    return this.#plans.of(statement);
  }

  /** A plan of this gate's, made anew where the policy changed since. */
  #current(plan: Plan): SessionPlan {
    const made = plan as SessionPlan;
    return made.ruling?.ruleSet === this.owner.rules ? made : this.plan(plan.statement);
  }

  begin(plan: Plan, execution: Execution): Pass | Denial | Promise<Pass | Denial> {
    if (this.owner.ended) return { deny: this.owner.ended };
    const current = this.#current(plan);
    if (typeof current.verdict === "object") return this.#refuse(current, current.verdict.deny);
    if (execution.batch !== undefined) {
      for (const one of execution.batch) {
        const other = this.plan(one.plan.statement);
        if (typeof other.verdict === "object") return this.#refuse(other, other.verdict.deny);
      }
    }
    const operation = executed(current, execution, this.#plans);
    return this.#ask(current, operation, execution, 0, noHolds);
  }

  unasked(): Answer | undefined {
    this.#derive();
    if (this.#unasked.length === 0) return undefined;
    return composeAnswers(
      this.#unasked.flatMap((watch) => watch.unasked?.() ?? []),
      (reason) => this.end(reason),
    );
  }

  passed(bytes: Uint8Array): Promise<void> | undefined {
    this.#derive();
    let waits: Promise<void> | undefined;
    for (const { name, watch } of this.#wires) {
      try {
        const kept = watch.wire?.(bytes);
        if (kept) waits = waits ? Promise.all([waits, kept]).then(() => {}) : kept;
      } catch (error) {
        this.end(this.failure(name, error));
      }
    }
    return waits?.catch((error) => this.end(this.failure("record", error)));
  }

  reached(limit: keyof Limits): void {
    this.services.reached(limit);
  }

  end(reason: Reason): void {
    const limit = limitOf(reason);
    if (limit) this.reached(limit);
    this.owner.end(reason);
  }

  /** Nothing of it goes to the resource, whether or not the trail has room to say so. `kept`: as the trail has the reason. */
  deny(plan: SessionPlan, reason: Reason, kept = reason): Denial {
    this.services.denied.value++;
    this.owner.operations++;
    this.owner.lastActive = Date.now();
    try {
      this.owner.trail.append({
        kind: "denied",
        session: this.owner.id,
        ...plan.trailText,
        ...deniedActions(plan.statement.actions),
        reason: kept,
        policy: plan.policyVersion,
      });
    } catch (error) {
      return { deny: error instanceof PosternError ? error.reason : reason };
    }
    return { deny: reason };
  }

  /** The last step: the entry is written, and durable where it must be, before a Pass is in hand. */
  admit(plan: SessionPlan, operation: Operation, hold?: string): Pass | Denial | Promise<Pass | Denial> {
    const { trail } = this.owner;
    const { answering } = plan.ruling;
    let pass: OpenPass;
    try {
      const answer = answering.length === 0 ? undefined : this.#answer(answering, operation);
      const now = performance.now();
      const seq = appendOperation(this.owner, plan, operation, hold, now);
      pass = new OpenPass(this.owner, seq, answer, now);
    } catch (error) {
      return this.deny(plan, this.failure("trail or guardrail", error));
    }
    this.services.allowed.value++;
    const safe = plan.ruling.writes ? trail.durable(pass.seq) : undefined;
    if (!safe) return pass;
    return safe.then(
      () => (this.owner.ended ? pass.never(this.owner.ended) : pass),
      (error) => pass.never(this.failure("trail", error)),
    );
  }

  #answer(answering: readonly Watch[], operation: Operation): Answer | undefined {
    const answers = answering.flatMap((watch) => watch.answer?.(operation) ?? []);
    return composeAnswers(answers, (reason) => this.end(reason));
  }

  /** What a caller is told of something that threw; the operator's log gets the rest. */
  failure(guardrail: string, error: unknown): Reason {
    if (error instanceof PosternError) return error.reason;
    this.services.failed(this.owner.id, guardrail, error);
    return guardrailFailed(error);
  }

  #refuse(plan: SessionPlan, reason: Reason): Denial {
    for (const { guardrail, watch } of this.owner.watching) {
      try {
        watch.refused?.(plan.operation, reason);
      } catch (error) {
        return this.deny(plan, this.failure(guardrail.name, error));
      }
    }
    // What could not be told of the text may quote it.
    return this.deny(plan, reason, plan.ruling.redacts ? plan.ruling.refused : undefined);
  }

  /** Asks the guardrails from `index` on, outermost first; synchronous until one must be waited for. */
  #ask(
    plan: SessionPlan,
    operation: Operation,
    execution: Execution,
    index: number,
    before: HoldRequest[],
  ): Pass | Denial | Promise<Pass | Denial> {
    const { watches } = plan.ruling;
    let holds = before;
    for (let at = index; at < watches.length; at++) {
      const watch = watches[at] as Watch;
      if (!watch.operation) continue;
      let verdict: Verdict | Promise<Verdict>;
      let denied: Reason | undefined;
      try {
        verdict = watch.operation(operation);
        if (verdict === "allow") continue;
        holds = [...holds];
        denied = verdict instanceof Promise ? undefined : take(verdict, holds);
      } catch (error) {
        return this.deny(plan, this.failure(nameOf(plan, at), error));
      }
      if (verdict instanceof Promise) {
        this.owner.lastActive = Date.now();
        const taken = this.#inTime(verdict).then((late) => take(late, holds));
        return taken.then(
          (no) => (no ? this.deny(plan, no) : this.#ask(plan, operation, execution, at + 1, holds)),
          (error) => this.deny(plan, this.failure(nameOf(plan, at), error)),
        );
      }
      if (denied) return this.deny(plan, denied);
    }
    if (holds.length === 0) return this.admit(plan, operation);
    return askForApproval(this, plan, operation, execution, holds);
  }

  #inTime(verdict: Promise<Verdict>): Promise<Verdict> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.reached("guardrail");
        reject(new PosternError("guardrail.timeout", "A guardrail took too long to decide."));
      }, this.owner.rules.policy.limits.guardrail);
    });
    return Promise.race([verdict, late]).finally(() => clearTimeout(timer));
  }

  #derive(): void {
    const { watching } = this.owner;
    if (this.#derivedFrom === watching) return;
    this.#derivedFrom = watching;
    this.#wires = watching.flatMap(({ guardrail, watch }) =>
      watch.wire ? { name: guardrail.name, watch } : [],
    );
    this.#unasked = watching.flatMap(({ watch }) => (watch.unasked ? watch : []));
    this.#wantsParameters = watching.some(({ watch }) => watch.operation);
    this.#wantsPredicates = watching.some(({ watch }) => watch.predicates);
    this.#wantsStores = watching.some(({ watch }) => watch.stores);
  }
}

function nameOf({ ruling }: SessionPlan, at: number): string {
  return ruling.guardrails[at]?.name ?? "guardrail";
}

/** Collects a hold; returns why the operation is denied, if it is. Throws where it is no verdict. */
function take(verdict: Verdict, holds: HoldRequest[]): Reason | undefined {
  if (verdict === "allow") return undefined;
  if ("deny" in verdict && verdict.deny) return verdict.deny;
  if (!("hold" in verdict && verdict.hold)) throw new TypeError("operation() returned no verdict");
  holds.push(verdict.hold);
  return undefined;
}
