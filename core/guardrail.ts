import type { Identity } from "./identity.ts";
import type { Action, Denied, Operation, Outcome, Reason } from "./operation.ts";
import type { Beginning } from "./recording/beginning.ts";
import type { Who } from "./who.ts";

/** What a protocol can show a guardrail. */
export const kinds = [
  "operation",
  "rows",
  "document",
  "text",
  "stream",
  "wire",
  "deadline",
  "intake",
] as const;
export type Kind = (typeof kinds)[number];

/**
 * A plugin that can allow, deny, hold or mask. Written once, it works on every protocol that emits
 * what it needs; a policy that puts it elsewhere does not load.
 */
export interface Guardrail<Needs extends Kind = Kind> {
  readonly name: string;
  readonly needs: readonly Needs[];
  /** Only for operations with one of these effects; absent: for all. */
  readonly effects?: readonly Action["effect"][];
  /** What trail and recording keep of an operation's text (literals removed); the approver sees it whole. */
  redact?(text: string): string;
  /** Fresh state for one session. May throw: the session does not open. */
  open(session: GuardedSession): Watch;
}

/** What a guardrail sees of the session it watches. */
export interface GuardedSession {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly protocol: string;
  /** Where `record` writes; opened on first use. */
  recording(): Recording;
  /** Numbers that outlive the session and a reload, for this guardrail name and key, in this process. */
  counter(guardrail: string, key: string): Counter;
  /** Ends the session: the caller gets the reason in its own protocol. */
  end(reason: Reason): void;
}

export interface Counter {
  value: number;
  /** Epoch milliseconds of whatever the guardrail counts by. */
  since: number;
}

/** One session under one guardrail. Anything that throws ends the operation as denied. */
export interface Watch {
  /** From the text alone; its verdict is cached a policy version. `willHold` tells what to keep back. */
  prepare?(operation: Operation): "allow" | Denied | "willHold";
  /** `prepare` reads the statement's `predicates`: a protocol that must ask its resource for them does. */
  readonly predicates?: true;
  /** The same for its `stores`. */
  readonly stores?: true;
  /** Each execution, parameters known. A promise that outlasts the guardrail limit (5 s) is a denial. */
  operation?(operation: Operation): Verdict | Promise<Verdict>;
  /** It was refused by the rules or from its text alone, so `operation` is not asked. For those who keep records. */
  refused?(operation: Operation, reason: Reason): void;
  /** Who wants to see or change this answer. undefined: it stays opaque bytes. */
  answer?(operation: Operation): Answer | undefined;
  /** The same for what arrives without being asked for: notices, notifications. */
  unasked?(): Answer | undefined;
  /** Bytes as they leave for the caller, after all masking; gone when the call returns. A promise pauses the session until it is kept. */
  wire?(bytes: Uint8Array): void | Promise<void>;
  close?(): void;
}

export type Verdict = "allow" | Denied | { readonly hold: HoldRequest };

/** Asks core to hold the operation until a person answers. */
export interface HoldRequest {
  /** Who may approve; the requester never may, nor whom it acts for, nor who acts for it. */
  readonly by: Who;
  /** `2`: two different persons must approve. Absent: one. */
  readonly approvers?: 1 | 2;
  /** Milliseconds until the hold expires. */
  readonly within: number;
  /** Inside an open transaction: refuse at once, or wait at most this long (milliseconds). */
  readonly inTransaction: "deny" | number;
  readonly message?: string;
}

/** What is present is what gets decoded. */
export interface Answer {
  /** Called once a result shape. `withhold`: shape and row count stay, no value leaves. */
  rows?(columns: readonly Column[]): "clear" | "withhold" | RowFilter;
  /** A JSON document; returns the one to send. */
  document?(contentType: string, value: unknown): unknown;
  /** Free text. `code` is the protocol's own (SQLSTATE). Returns the text to send. */
  text?(
    kind: "error" | "notice" | "notification" | "log",
    text: string,
    code?: string,
    source?: TextSource,
  ): string;
  /**
   * Raw streams (terminal, exec, bodies). Returns the chunk to send, or undefined to send nothing yet. A chunk
   * without bytes says that nothing follows for now: the protocol hands one over at the end of a channel, and
   * when an interactive one falls silent, and sends what was kept back.
   */
  stream?(chunk: Chunk): Chunk | undefined;
  /**
   * The protocol cancels the operation on the resource when this has passed since it was sent, and
   * tells the caller the reason. Of several the earliest counts. Decodes nothing. A guardrail that
   * sets it needs `deadline`, so that a protocol that cannot cancel refuses the policy.
   */
  readonly deadline?: Deadline;
  /**
   * The protocol stops the operation when its caller sends more than this in its course (COPY FROM STDIN), and
   * tells the caller the reason. Of several the smallest counts. A guardrail that sets it needs `intake`.
   */
  readonly intake?: IntakeLimit;
  /**
   * What its caller sends in its course (COPY FROM STDIN), in pieces of any size as they come; one without bytes is the
   * last. A PosternError stops the operation before its end, and the protocol tells the caller the reason.
   */
  received?(bytes: Uint8Array): void;
  end?(outcome: Outcome): void;
}

/**
 * Who says a text, where that is certain. `statement`: the resource, of the caller's own statement, before it looked at
 * a value. `server`: the resource in its own words, in which it may quote a value. Absent: it may be anybody's words.
 */
export type TextSource = "statement" | "server";

export interface Deadline {
  /** Milliseconds. */
  readonly after: number;
  readonly reason: Reason;
}

export interface IntakeLimit {
  /** Bytes. */
  readonly most: number;
  readonly reason: Reason;
}

export interface Column {
  readonly name: string;
  /** The protocol's own type name (`text`, `int4`). */
  readonly type: string;
  /** True when any text is a valid value of this type in this format; else a mask can only be NULL. */
  readonly holdsText: boolean;
  readonly format: "text" | "binary";
  /**
   * The stored columns that this value may come from. `[]`: from none (a constant, a count).
   * `unknown`: cannot be told, so a guardrail must assume the worst.
   */
  readonly origins: readonly Origin[] | "unknown";
  /**
   * Each value is a stored one as it is. Absent: it may be what the caller makes of it (`substr(email, 1, 1)`,
   * `case when … then 'a guess'`), so that a mask that shows anything of the value would show what the caller asks.
   */
  readonly plain?: boolean;
}

export interface Origin {
  /** `schema.table`; absent when only the column's name is known: it may be any table's. */
  readonly table?: string;
  readonly column: string;
}

/** Rewrites the cells of one result. Only those of the columns it names are looked at. */
export interface RowFilter {
  readonly columns: readonly number[];
  /**
   * What to show in place of the value that stands in `bytes` from `start` to `end`: undefined leaves it as it is, null
   * is SQL NULL. What is around it is of other cells; none of it may be changed, and all of it is gone when the
   * call returns. What is returned is copied before the next call. Never called for NULL.
   */
  show(column: number, bytes: Buffer, start: number, end: number): Uint8Array | null | undefined;
  /** Columns for which `show` says the same whatever the value is: it is asked for the first one at least. */
  readonly always?: readonly number[];
  /** Called once a row before its cells, where present; throws a PosternError to stop the answer. */
  row?(): void;
}

export interface Chunk {
  readonly direction: "toCaller" | "toResource";
  /** `stdout`, `stderr`, `body`: the protocol's name for it. A `terminal` is one for both directions. */
  readonly channel: string;
  readonly bytes: Uint8Array;
}

/** What `record` writes to. Appends are in order and outlive the process at once. */
export interface Recording {
  readonly id: string;
  /** A structured event, JSON on disk. A promise: the recorder is behind, wait for it. */
  event(kind: string, data: unknown): void | Promise<void>;
  /** An event whose JSON begins as others do, and ends with the first `length` bytes of `rest`, copied before the call returns. */
  again(beginning: Beginning, rest: Buffer, length: number): void | Promise<void>;
  /** Bytes as the caller saw them. The view is copied before the call returns. */
  bytes(data: Uint8Array): void | Promise<void>;
}
