import {
  type Answer,
  type Denial,
  type Effect,
  type EndListener,
  effects,
  type Gate,
  type HeldOperation,
  type Outcome,
  type Pass,
  type Plan,
  type Reason,
  type Statement,
} from "../../../../core/plugin.ts";

/** What a test's policy says of a statement. */
export type Word = "allow" | "willHold" | { readonly deny: Reason };

export interface TestHold extends HeldOperation {
  approve(): void;
  refuse(reason?: Reason): void;
}

export interface Began {
  readonly text: string;
  readonly actions: readonly string[];
  readonly denied: boolean;
  readonly inTransaction: boolean;
  readonly parameters: readonly (string | null)[];
  readonly batch: number;
  outcome?: Outcome;
}

/** A gate of one session that does as the test says and remembers what it was asked. */
export class TestGate implements Gate {
  readonly session: Gate["session"] & { effects: ReadonlySet<Effect> } = {
    id: "ses_test",
    identity: { issuer: "test", subject: "alice", kind: "person", groups: [] },
    resource: "orders",
    effects: new Set(effects),
  };
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  onEnd(listener: EndListener): void {
    if (this.signal.aborted) listener.sessionEnds();
    else this.signal.addEventListener("abort", () => listener.sessionEnds());
  }
  wantsParameters = true;
  wantsPredicates = false;
  wantsStores = false;
  recordsWire = false;
  readonly began: Began[] = [];
  readonly holds: TestHold[] = [];
  #plans = new Map<Statement, Plan>();
  #wake: () => void = () => {};
  onHold: (hold: TestHold) => void = () => {};
  version = "1";
  word: (statement: Statement) => Word = () => "allow";
  answer: (statement: Statement) => Answer | undefined = () => undefined;
  forUnasked: Answer | undefined;
  /** What `ready` of each pass gives. */
  ready: () => Promise<void> | undefined = () => undefined;
  /** Statements that are held though their plan says "allow". */
  holdsUnforeseen: (statement: Statement) => boolean = () => false;
  /** What a hold waits for before it is open, as long as its operation is looked at for its approver. */
  looks: (() => Promise<void>) | undefined;
  /** How the relay withdrew holds. */
  readonly withdrawn: string[] = [];
  /** Limits that were reached, in order. */
  readonly limits: string[] = [];
  /** Each admission waits for it. */
  slow: (() => Promise<void>) | undefined;

  plan(statement: Statement): Plan {
    const known = this.#plans.get(statement);
    if (known && known.policyVersion === this.version) return known;
    const plan: Plan = { statement, policyVersion: this.version, verdict: this.word(statement) };
    this.#plans.set(statement, plan);
    return plan;
  }

  begin(asked: Plan, execution: Asked): Pass | Denial | Promise<Pass | Denial> {
    const plan = this.plan(asked.statement);
    const { verdict, statement } = plan;
    const { parameters } = execution;
    const began: Began = {
      text: statement.text,
      actions: statement.actions.map(({ effect, on }) => `${effect} on ${on}`),
      denied: typeof verdict === "object",
      inTransaction: execution.inTransaction,
      parameters: Array.from({ length: parameters?.length ?? 0 }, (_, index) => shown(parameters?.at(index))),
      batch: execution.batch?.length ?? 0,
    };
    this.began.push(began);
    if (typeof verdict === "object") return verdict;
    const pass: Pass = {
      seq: this.began.length,
      answer: this.answer(statement),
      ready: () => this.ready(),
      end: (outcome) => {
        if (began.outcome) throw new Error(`ended twice: ${statement.text}`);
        began.outcome = outcome;
      },
    };
    if (verdict === "willHold" || this.holdsUnforeseen(statement)) return this.#hold(pass, execution);
    return this.slow ? this.slow().then(() => pass) : pass;
  }

  unasked(): Answer | undefined {
    return this.forUnasked;
  }

  passed(): undefined {
    return undefined;
  }

  reached(limit: string): void {
    this.limits.push(limit);
  }

  end(reason: Reason): void {
    if (!this.signal.aborted) this.#abort.abort(reason);
  }

  /** Resolves when that many holds have been opened. */
  async held(count = 1): Promise<void> {
    while (this.holds.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #hold(pass: Pass, execution: Asked): Promise<Pass | Denial> {
    return new Promise((resolve) => {
      queueMicrotask(async () => {
        execution.examination?.();
        await this.looks?.();
        const refuse = (reason: Reason = { code: "hold.denied", message: "Bob said no." }) =>
          resolve({ deny: reason });
        const hold = {
          id: `hold_${this.holds.length + 1}`,
          expires: Date.now() + 60_000,
          notice: "waits for bob",
          withdraw: (how: "cancelled" | "abandoned") => {
            this.withdrawn.push(how);
            refuse({ code: `hold.${how}`, message: `It was ${how}.` });
          },
          approve: () => resolve(pass),
          refuse,
        };
        this.holds.push(hold);
        execution.held?.(hold);
        this.onHold(hold);
        this.#wake();
      });
    });
  }
}

type Asked = Parameters<Gate["begin"]>[1];

function shown(value: string | Uint8Array | null | undefined): string | null {
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString("hex")}` : (value ?? null);
}
