import { type Cursor, type Pass, PosternError, type Reason } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import { type RowField, rowDescription } from "../wire/rows.ts";
import type { Exchange } from "./exchange.ts";
import { violation, whole } from "./framing.ts";
import { Portal, QueryRun } from "./named.ts";
import { flag } from "./owed.ts";
import { RowRewriter } from "./rows.ts";

/** What becomes of rows: always told from the head of what is owed, never from a variable beside it. */
export class Results {
  readonly #rewriter = new RowRewriter();
  /** The catalogue has been asked about the RowDescription at the cursor. */
  #asked = false;

  constructor(readonly exchange: Exchange) {}

  /** A run of rows that nobody looks at goes through as one. */
  rows(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { owed } = exchange;
    if ((owed.flags & flag.rows) === 0) {
      cursor.forward(runOf(cursor, length) - cursor.at);
      return;
    }
    const { subject } = owed;
    if (!(subject instanceof Portal || subject instanceof QueryRun))
      throw violation("A row of no statement.");
    if (subject.refused) {
      exchange.stop(subject.refused);
      cursor.drop(length);
      return;
    }
    const { filter } = subject;
    if (filter === "clear") {
      cursor.forward(length);
      return;
    }
    if (filter === undefined) throw violation("A row came before the description of its columns.");
    if (!whole(cursor, length, exchange.services.limits.frame)) return;
    if (filter === "withhold") {
      cursor.replace(length, this.#rewriter.withheld(cursor.view, cursor.at, length));
      return;
    }
    try {
      const row = this.#rewriter.filtered(cursor.view, cursor.at, length, filter);
      if (row) cursor.replace(length, row);
      else cursor.forward(length);
    } catch (error) {
      exchange.stop(reasonOf(error));
      cursor.drop(length);
    }
  }

  /** Asks the guardrails about the columns at the cursor. False: the direction waits for the catalogue. */
  described(cursor: Cursor, length: number, subject: Portal | QueryRun, pass: Pass): boolean {
    const { catalogue, columnsOf } = this.exchange.services;
    const fields = this.known(cursor, length, subject);
    if (fields === undefined) return false;
    try {
      const columns = columnsOf(fields, subject.statement, catalogue, resultOf(subject));
      subject.filter = pass.answer?.rows?.(columns) ?? "withhold";
    } catch (error) {
      subject.filter = "withhold";
      subject.refused = reasonOf(error);
    }
    return true;
  }

  /** The columns at the cursor once the catalogue knows them; undefined: the direction waits for it. */
  known(cursor: Cursor, length: number, subject: Portal | QueryRun): readonly RowField[] | undefined {
    const { catalogue, loadFor } = this.exchange.services;
    const fields = rowDescription(cursor.view, cursor.at + headerSize, cursor.at + length);
    const loading = this.#asked
      ? undefined
      : loadFor(fields, subject.statement, catalogue, resultOf(subject));
    if (loading) {
      cursor.stall();
      loading.then(() => {
        this.#asked = true;
        this.exchange.pump?.resume("toCaller");
      });
      return undefined;
    }
    this.#asked = false;
    return fields;
  }
}

/** Which of its text's statements it is the result of. */
function resultOf(subject: Portal | QueryRun): number {
  return subject instanceof QueryRun ? subject.result : 0;
}

/** Offset behind the last of the messages of this type that have begun to arrive. */
export function runOf({ view, at, end }: Cursor, length: number): number {
  const type = view[at];
  let next = at + length;
  while (next + headerSize <= end && view[next] === type) {
    const more = view.readInt32BE(next + 1);
    if (more < 4) throw violation(`A message says it is ${more} bytes long.`);
    next += more + 1;
  }
  return next;
}

/** Whatever a guardrail throws ends the answer; only its own words are shown. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof PosternError) return error.reason;
  return { code: "guardrail.failed", message: "A guardrail failed, so this answer is not shown." };
}
