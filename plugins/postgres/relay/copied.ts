import type { Column, Cursor, Pass, RowFilter } from "../../../core/plugin.ts";
import type { CopyFormat } from "../copy/format.ts";
import { CopyOut } from "../copy/out.ts";
import type { SqlStatement } from "../sql/classify.ts";
import type { CopiedOut } from "../sql/copy.ts";
import type { SessionSettings } from "../sql/settings.ts";
import { headerSize } from "../wire/message.ts";
import { Splice } from "../wire/splice.ts";
import type { Exchange } from "./exchange.ts";
import { reasonOf, violation, whole } from "./framing.ts";
import { type Copied, Portal, type QueryRun } from "./named.ts";
import { flag, kind } from "./owed.ts";
import { inspection } from "./replacement.ts";
import { type Results, runOf } from "./results.ts";
import { isLate } from "./statement.ts";

/** Whether a guardrail that must see rows can see those of every COPY TO STDOUT in it. */
export function legible(statement: SqlStatement, { utf8 }: SessionSettings): boolean {
  const { copies, changes } = statement.detail;
  if (!utf8 || changes?.utf8 === false || isLate(statement) || copies === undefined) return false;
  return copies().every((copied) => copied === undefined || copied.format !== undefined);
}

/** The COPY that is the whole text: its columns can be asked for before it runs. */
export function loneCopy({ detail }: SqlStatement): CopiedOut | undefined {
  return detail.copyOut && detail.statements === 1 ? detail.copies?.()[0] : undefined;
}

/**
 * Asks the server for the columns of what a COPY copies, right before it: in the same transaction, so that
 * nothing it reads can change in between.
 */
export function inspect(
  exchange: Exchange,
  cursor: Cursor,
  { query }: CopiedOut,
  subject: Portal | QueryRun,
  pass: Pass,
): void {
  const flags = flag.swallow | flag.ahead;
  cursor.insert(inspection(query));
  exchange.owe(kind.close, flags, undefined, pass);
  exchange.owe(kind.parse, flags, undefined, pass);
  exchange.owe(kind.describeStatement, flags | flag.rows, subject, pass);
  exchange.owe(kind.close, flags, undefined, pass);
}

/** The answer to COPY TO STDOUT, where a guardrail sees rows. */
export class Copies {
  readonly #splice = new Splice();

  constructor(
    readonly exchange: Exchange,
    readonly results: Results,
  ) {}

  /** The RowDescription that `inspect` asked for. False: the direction waits for the catalogue. */
  described(cursor: Cursor, length: number, subject: Portal | QueryRun): boolean {
    const { catalogue, columnsOf } = this.exchange.services;
    const { statement } = subject;
    const fields = this.results.known(cursor, length, subject);
    if (fields === undefined) return false;
    const format = loneCopy(statement)?.format?.name === "binary" ? "binary" : "text";
    const columns = columnsOf(
      fields.map((field) => ({ ...field, format })),
      statement,
      catalogue,
    );
    const generated = fields.map(
      ({ tableOid, column }) => catalogue.table(tableOid)?.columns.get(column)?.generated ?? false,
    );
    subject.copied = { columns, generated };
    return true;
  }

  /** CopyOutResponse: what it says of format and number of columns has to be what was expected. */
  begins(cursor: Cursor, length: number, subject: Portal | QueryRun, pass: Pass): void {
    if (!whole(cursor, length, this.exchange.services.limits.frame)) return;
    const { view, at } = cursor;
    if (length < headerSize + 3) throw violation("A malformed CopyOutResponse.");
    const result = subject instanceof Portal ? 0 : subject.result;
    const format = subject.statement.detail.copies?.()[result]?.format;
    if (format === undefined) throw violation("COPY data came where rows are looked at.");
    if ((format.name === "binary") !== (view[at + headerSize] === 1)) {
      throw violation("The server copies in another format than it was asked for.");
    }
    const count = view.readUInt16BE(at + headerSize + 1);
    try {
      const filter = pass.answer?.rows?.(columnsFor(subject.copied, count, format)) ?? "withhold";
      subject.copy = filter === "clear" ? "clear" : this.#through(format, count, filter);
    } catch (error) {
      subject.copy = this.#through(format, count, "withhold");
      subject.refused = reasonOf(error);
    }
    cursor.forward(length);
  }

  /** CopyData. */
  data(cursor: Cursor, length: number, subject: Portal | QueryRun): void {
    const { exchange } = this;
    const { copy, refused } = subject;
    if (copy === undefined) throw violation("COPY data came before it was announced.");
    if (refused) {
      exchange.stop(refused);
      cursor.drop(length);
      return;
    }
    if (copy === "clear") {
      cursor.forward(runOf(cursor, length) - cursor.at);
      return;
    }
    if (!whole(cursor, length, exchange.services.limits.frame)) return;
    try {
      const shown = copy.data(cursor.view, cursor.at, length);
      if (shown === undefined) cursor.forward(length);
      else if (shown.length === 0) cursor.drop(length);
      else cursor.replace(length, shown);
    } catch (error) {
      exchange.stop(reasonOf(error));
      cursor.drop(length);
    }
  }

  /** CopyDone. */
  ends(cursor: Cursor, length: number, subject: Portal | QueryRun): void {
    const { copy } = subject;
    if (copy === undefined) throw violation("COPY data ended before it was announced.");
    subject.copy = undefined;
    try {
      if (copy !== "clear") copy.done();
      cursor.forward(length);
    } catch (error) {
      this.exchange.stop(reasonOf(error));
      cursor.drop(length);
    }
  }

  #through(format: CopyFormat, count: number, filter: RowFilter | "withhold"): CopyOut {
    const columns = { count, filter: filter === "withhold" ? withheld(count) : filter };
    return new CopyOut(format, columns, this.#splice, this.exchange.services.limits.frame);
  }
}

function columnsFor(copied: Copied | undefined, count: number, { name }: CopyFormat): readonly Column[] {
  if (copied === undefined) return Array.from({ length: count }, () => unknownColumn(name));
  const { columns, generated } = copied;
  if (columns.length === count) return columns;
  const stored = columns.filter((_, index) => !generated[index]);
  if (stored.length === count) return stored;
  throw violation(`A COPY of ${count} columns where ${columns.length} were announced.`);
}

/** Of a COPY among other statements: it runs before anybody could ask what it means by then. */
function unknownColumn(format: CopyFormat["name"]): Column {
  const text = format !== "binary";
  return {
    name: "?column?",
    type: text ? "text" : "unknown",
    holdsText: text,
    format: text ? "text" : "binary",
    origins: "unknown",
  };
}

function withheld(count: number): RowFilter {
  return { columns: Array.from({ length: count }, (_, index) => index), show: () => null };
}
