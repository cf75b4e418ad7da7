import type { Cursor, Pass } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import { type RowField, rowDescription } from "../wire/rows.ts";
import type { Exchange } from "./exchange.ts";
import { reasonOf, violation, whole } from "./framing.ts";
import { Portal, QueryRun } from "./named.ts";
import { flag } from "./owed.ts";
import { type RowPlan, RowRewriter, rowPlan } from "./rows.ts";

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
    const { frame } = exchange.services.limits;
    if (whole(cursor, length, frame)) this.#look(cursor, filter, frame);
  }

  /** All rows that have arrived whole, as one. */
  #look(cursor: Cursor, filter: RowPlan | "withhold", limit: number): void {
    const { view, at, end } = cursor;
    const rewriter = this.#rewriter;
    const shown =
      filter === "withhold"
        ? rewriter.withheld(view, at, end, limit)
        : rewriter.filtered(view, at, end, filter, limit);
    const seen = rewriter.end - at;
    const { refused } = rewriter;
    if (refused !== undefined) {
      if (seen > 0) cursor.insert(shown ?? view.subarray(at, rewriter.end));
      this.exchange.stop(refused);
      cursor.drop(seen + view.readInt32BE(rewriter.end + 1) + 1);
    } else if (shown !== undefined) cursor.replace(seen, shown);
    else cursor.forward(seen);
  }

  /** Asks the guardrails about the columns at the cursor. False: the direction waits for the catalogue. */
  described(cursor: Cursor, length: number, subject: Portal | QueryRun, pass: Pass): boolean {
    const { catalogue, columnsOf } = this.exchange.services;
    const fields = this.known(cursor, length, subject);
    if (fields === undefined) return false;
    try {
      const columns = columnsOf(fields, subject.statement, catalogue, resultOf(subject));
      const filter = pass.answer?.rows?.(columns) ?? "withhold";
      subject.filter = typeof filter === "object" ? rowPlan(filter, columns.length) : filter;
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
