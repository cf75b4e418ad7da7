import type { Examination } from "./finding.ts";
import type { Answer } from "./guardrail.ts";
import type { Identity } from "./identity.ts";
import type { Denied, Effect, Outcome, Parameters, Reason, Statement } from "./operation.ts";
import type { Limits } from "./policy.ts";

/**
 * Where a protocol brings every operation of one session before it goes to the resource, and every
 * answer that somebody asked to see. Core implements it; each method is synchronous wherever nothing
 * must be waited for.
 */
export interface Gate {
  readonly session: GateSession;
  /** Aborted when the session must end; `signal.reason` is a Reason to tell the caller in its own form. */
  readonly signal: AbortSignal;
  /** The same for who waits as long as the session lasts, at less memory: told once, at once where it must end already. */
  onEnd(listener: EndListener): void;
  /** Whether anybody reads parameters: a protocol need not decode them otherwise. */
  readonly wantsParameters: boolean;
  /** Whether anybody reads the predicates of statements: a protocol need not look for them otherwise. */
  readonly wantsPredicates: boolean;
  /** The same for what statements put into which columns. */
  readonly wantsStores: boolean;
  /** What is known from the text alone. Cached by the statement's identity and the policy version. */
  plan(statement: Statement): Plan;
  /**
   * One execution. Decides again when the policy changed since the plan; runs guardrails; waits for
   * approvals; writes the trail entry and waits until it is as safe as security.md 5 asks. Nothing
   * may be sent to the resource before a Pass is in hand. A Denial is written to the trail as well.
   * Never throws, never rejects.
   */
  begin(plan: Plan, execution: Execution): Pass | Denial | Promise<Pass | Denial>;
  /** For what arrives unasked (notices, notifications); undefined: nobody wants to see it. */
  unasked(): Answer | undefined;
  /**
   * Bytes that just left for the caller, once a chunk, for the recorder. A promise: stop reading from
   * the resource until it is kept. Never rejects: a recorder that fails ends the session by `signal`.
   */
  passed(bytes: Uint8Array): Promise<void> | undefined;
  /** True when `passed` does anything at all. */
  readonly recordsWire: boolean;
  /** A limit stops or refuses something here; counted for the operator. A reason `limit.*` that ends the session counts by itself. */
  reached(limit: keyof Limits): void;
  /** The protocol found something that ends the session (protocol violation, limit). */
  end(reason: Reason): void;
}

export interface EndListener {
  /** It must end: `Gate.signal` has the reason. */
  sessionEnds(): void;
}

export interface GateSession {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  /** What the session's rights allow now, on whatever target; another object after they changed. */
  readonly effects: ReadonlySet<Effect>;
}

export interface Plan {
  readonly statement: Statement;
  readonly policyVersion: string;
  /** `willHold`: begin will ask a person; keep back what would take locks until then. */
  readonly verdict: "allow" | "willHold" | Denied;
}

export interface Execution {
  readonly inTransaction: boolean;
  readonly parameters?: Parameters;
  /** The other executions of the same group that wait or go together with this one. */
  readonly batch?: readonly { readonly plan: Plan; readonly parameters?: Parameters }[];
  /**
   * Called before the operation is held: what the protocol can tell the approver of it. Takes two seconds at most, in
   * which the caller has not been told yet. Absent: nothing.
   */
  examination?(): Examination;
  /** Called when the operation is held: tell the caller, and watch it for cancel and end of file. */
  held?(hold: HeldOperation): void;
}

export interface HeldOperation {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly expires: number;
  /** Whole sentences for the caller: what is waited for, until when, how to approve. */
  readonly notice: string;
  /** The caller cancelled (`hold.cancelled`) or is gone (`hold.abandoned`): begin resolves to a Denial. */
  withdraw(how: "cancelled" | "abandoned"): void;
}

/** The operation may go to the resource, once. */
export interface Pass {
  /** The trail entry that covers it. */
  readonly seq: number;
  /** Who wants to see or change the answer; undefined: relay it as opaque bytes. */
  readonly answer: Answer | undefined;
  /** Strict trail: a promise to keep before the first byte of the answer leaves. Usually undefined. */
  ready(): Promise<void> | undefined;
  /** Exactly once, when the resource has answered or never will. Writes the outcome entry. */
  end(outcome: Outcome): void;
}

export interface Denial {
  readonly deny: Reason;
}
