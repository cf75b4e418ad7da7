import type { Origin } from "./guardrail.ts";

/** What a caller asks for, and what policy says of it. Words as in docs/words.md. */

/** What an action does to its target. `unknown`: could not be parsed or classified. */
export const effects = [
  "read",
  "write",
  "delete",
  "define",
  "grant",
  "execute",
  "connect",
  "replicate",
  "unknown",
] as const;
export type Effect = (typeof effects)[number];

/** The target of an action that touches nothing of the resource's own: `select 1`, `begin`. */
export const nothing = "(none)";

/** `write` on `public.orders`; `execute` on `pods/web` with trait `privileged`. */
export interface Action {
  readonly effect: Effect;
  /** The target in the protocol's own canonical form; `*` where it cannot be told, `(none)` where there is none. */
  readonly on: string;
  /** The same thing named more broadly; a right on either covers it: `systemctl` for `systemctl status nginx`. */
  readonly within?: string;
  /** What the text names and this comes of, in words: `the view public.v`. Absent: the text names it itself. */
  readonly through?: string;
  readonly traits?: readonly string[];
}

/**
 * What the protocol's classifier says of one text. Immutable, made once for a text and cached by the
 * protocol; the gate keys its own cache by this object's identity.
 */
export interface Statement {
  readonly text: string;
  readonly actions: readonly Action[];
  /** The protocol's own findings (syntax tree facts); guardrails of that protocol may read it. */
  readonly detail?: unknown;
  /**
   * The stored columns whose values decide what it does besides being shown: in conditions, joins, orders, groups.
   * `unknown`: cannot be told. Absent: the protocol does not say.
   */
  readonly predicates?: readonly Origin[] | "unknown";
  /** What it puts into columns that is of other columns. `unknown`: cannot be told. Absent: the protocol does not say. */
  readonly stores?: readonly Stored[] | "unknown";
  /**
   * What of it could not be told, where it is `unknown`: the parser's own words, the word that may run anything. It may quote
   * the text. Asked where `unknown` is refused; undefined: nobody can say more.
   */
  unclear?(): string | undefined;
}

/** What a text would do, as far as it tells by itself: for `policy explain` and policy tests. */
export interface Classified {
  readonly actions: readonly Action[];
  /** As `Statement.unclear`. */
  readonly unclear?: string;
  /** What a session knows besides and could add, in words: what the resource itself says of what the text names. */
  readonly beyond?: string;
}

/** What a statement puts into one column. */
export interface Stored {
  /** Where the value is found then: each of them, should there be several. Empty: not known. */
  readonly into: readonly Origin[];
  /** The columns that the value may come from. */
  readonly from: readonly Origin[] | "unknown";
}

/** Bound values of one execution; views into the wire, valid only during the call that hands them over. */
export interface Parameters {
  readonly length: number;
  /** So many of the first are whole bodies (HTTP), of which a recording keeps size and hash unless it is told to keep them. */
  readonly bodies?: number;
  /** The protocol's own names of their types, as far as it knows them; "" where it does not. */
  readonly types?: readonly string[];
  /** Text form where the protocol knows it, raw bytes where it does not, null for SQL NULL and its kin. */
  at(index: number): string | Uint8Array | null;
  /**
   * Writes all of them as a JSON list of text and null into `into` from `at`; where it ends. -1: it does not fit, or
   * not every value is plain ASCII in its text form. Absent: ask `at`.
   */
  list?(into: Buffer, at: number): number;
}

/** One thing a caller asks for, at the moment it asks. */
export interface Operation extends Statement {
  readonly parameters?: Parameters;
  /** Several executions that are approved or refused as one (executemany). */
  readonly batch?: readonly Operation[];
  /** The caller has a transaction open: a wait here holds locks on the resource. */
  readonly inTransaction: boolean;
  readonly policyVersion: string;
}

/** Why something was refused; every field may be shown to the caller. */
export interface Reason {
  /** Stable, lower-case, dotted: `policy.denied`, `hold.expired`, `trail.full`. Listed in docs/errors.md. */
  readonly code: string;
  /** What happened and why, one sentence. Never a secret, never an unmasked value. */
  readonly message: string;
  /** The rule that decided, as policy names it; absent when no rule matched. */
  readonly rule?: string;
  /** What the caller can do next. */
  readonly hint?: string;
}

export interface Denied {
  readonly deny: Reason;
}

/** How an operation ended, as told by the resource. */
export interface Outcome {
  readonly result: "ok" | "error" | "cancelled" | "unknown";
  /** The protocol's own error code (SQLSTATE, exit status, HTTP status). */
  readonly code?: string;
  readonly rows?: number;
  /** Bytes of the answer as they left for the caller. */
  readonly bytes?: number;
  /** What the caller sent in its course (COPY FROM STDIN): bytes, and the SHA-256 (hex) of all of them. */
  readonly received?: { readonly bytes: number; readonly sha256: string };
}
