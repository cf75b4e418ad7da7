import { type Cursor, PosternError } from "../../../core/plugin.ts";
import { reasonError } from "../refuse.ts";
import { backend, headerSize, status } from "../wire/message.ts";
import { sync } from "../wire/query.ts";
import { errorFields, errorResponse, type ReportFields } from "../wire/report.ts";
import { forget } from "./cork.ts";
import type { Exchange } from "./exchange.ts";
import { violation, whole } from "./framing.ts";
import { Closing, Definition, Portal, QueryRun, Refused, type Subject } from "./named.ts";
import { flag, kind } from "./owed.ts";
import type { SqlNames } from "./sql-names.ts";
import { looksAtNone, reportAs, textOf } from "./texts.ts";

const cancelled = "57014";
/** What the gateway itself sends of these switches the server to read-only transactions or back (lock.ts). */
const switching: ReadonlySet<number> = new Set([kind.query, kind.parse, kind.bind, kind.execute, kind.close]);

/** How answers end: completion, suspension, error, ReadyForQuery. */
export class Endings {
  constructor(
    readonly exchange: Exchange,
    readonly sqlNames: SqlNames,
  ) {}

  /** ParseComplete, BindComplete, CloseComplete: a name means what the server confirmed. */
  named(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { subject } = exchange.owed;
    if (subject instanceof Definition) exchange.statements.confirm(subject.name, subject);
    else if (subject instanceof Portal) exchange.portals.confirm(subject.name, subject);
    else if (subject instanceof Closing) {
      const names = subject.what === "statement" ? exchange.statements : exchange.portals;
      names.confirm(subject.name, undefined);
    }
    if ((exchange.owed.flags & flag.swallow) !== 0) cursor.drop(length);
    else cursor.forward(length);
    exchange.answered();
  }

  /** CommandComplete or EmptyQueryResponse. */
  complete(cursor: Cursor, type: number, length: number): void {
    const { exchange } = this;
    const { subject } = exchange.owed;
    if (!whole(cursor, length, exchange.services.limits.frame)) return;
    if (type === backend.commandComplete) this.#count(cursor, length);
    if ((exchange.owed.flags & flag.swallow) === 0) cursor.forward(length);
    else cursor.drop(length);
    if (subject instanceof QueryRun) {
      subject.filter = undefined;
      subject.result += 1;
    }
    if (exchange.owed.kind === kind.execute) this.#executed();
  }

  suspended(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { subject, pass } = exchange.owed;
    if (subject instanceof Portal && pass) {
      exchange.unwatch(pass);
      subject.rows += subject.limit;
      subject.pass = pass;
      exchange.suspended.add(subject);
      exchange.portals.set(subject.name, subject);
    }
    cursor.forward(length);
    exchange.answered();
  }

  error(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { owed, services } = exchange;
    if (!whole(cursor, length, services.limits.frame)) return;
    const fields = errorFields(cursor.view, cursor.at + headerSize, cursor.at + length);
    const severity = fields.severityRaw ?? fields.severity;
    if (severity !== "ERROR") {
      exchange.saidWhy = true;
      this.#show(cursor, length, fields);
      return;
    }
    if (owed.length === 0) throw violation("The server reports an error of nothing that was asked.");
    if ((owed.flags & (flag.swallow | flag.ahead)) === flag.swallow && switching.has(owed.kind)) {
      throw violation("The server does not take what the gateway says of read-only transactions.");
    }
    const { subject } = owed;
    const denied =
      (owed.flags & flag.denied) !== 0 && subject && "deny" in subject ? subject.deny : undefined;
    const reason = denied ?? (owed.runs ? exchange.stopped : undefined);
    if (reason) {
      const position = reason.code === "policy.denied" ? placeOf(subject) : undefined;
      cursor.replace(length, reasonError("ERROR", reason, services.gate.session.id, position));
    }
    const shown = reason ? fields : this.#show(cursor, length, fields);
    this.#failed(shown.code);
  }

  ready(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { owed } = exchange;
    if (!whole(cursor, length, exchange.services.limits.frame)) return;
    const head = owed.kind;
    if (head !== kind.sync && head !== kind.query && head !== kind.functionCall) {
      throw violation("The server is ready before it has answered what is owed.");
    }
    const now = cursor.view[cursor.at + headerSize] as number;
    if (length !== headerSize + 1 || !isStatus(now)) throw violation("A malformed ReadyForQuery.");
    if (head !== kind.sync) this.#over(head);
    if ((owed.flags & flag.swallow) !== 0) cursor.drop(length);
    else cursor.forward(length);
    exchange.ready(now);
    exchange.answered();
  }

  /** A simple query or a function call. */
  #over(head: number): void {
    const { exchange } = this;
    const { owed } = exchange;
    const failed = exchange.code !== undefined;
    if (head === kind.query) {
      exchange.statements.confirm("", undefined);
      exchange.portals.confirm("", undefined);
      const { subject } = owed;
      if (subject instanceof QueryRun) this.#named(subject, failed);
    }
    exchange.end(
      failed || exchange.stopped
        ? { result: resultOf(exchange.code), code: exchange.code ?? cancelled, rows: exchange.rows }
        : { result: "ok", rows: exchange.rows },
    );
  }

  /** What a statement that was stopped still answers; should it end well, its caller is told otherwise. */
  stopped(cursor: Cursor, type: number, length: number): void {
    const { exchange } = this;
    const { owed, services, stopped } = exchange;
    const over = type === backend.commandComplete || type === backend.portalSuspended;
    if (!over || stopped === undefined || exchange.code !== undefined) {
      cursor.drop(length);
      return;
    }
    if (!whole(cursor, length, services.limits.frame)) return;
    const behind = owed.nextKind;
    if (owed.kind === kind.execute && behind !== kind.sync && behind !== kind.none) {
      // The server runs what stands behind it; an error here would say that it does not.
      throw new PosternError(stopped.code, stopped.message, stopped);
    }
    cursor.replace(length, reasonError("ERROR", stopped, services.gate.session.id));
    exchange.code = cancelled;
    if (owed.kind !== kind.execute) return;
    exchange.end({ result: "cancelled", code: cancelled, rows: exchange.rows });
    exchange.skipping ||= behind === kind.none;
    exchange.answered();
  }

  /** Rows by the tag's last number: `INSERT 0 5`. The tag's own end is a NUL. */
  #count(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { view, at } = cursor;
    const last = at + length - 2;
    let rows = 0;
    let scale = 1;
    let digit = last;
    for (; digit > at + headerSize && isDigit(view[digit]); digit--) {
      rows += ((view[digit] as number) - 48) * scale;
      scale *= 10;
    }
    if (scale > 1 && view[digit] === 0x20) exchange.rows += rows;
    else if (endsTransaction(view, at + headerSize)) exchange.transactionOver();
  }

  #executed(): void {
    const { exchange } = this;
    const { subject } = exchange.owed;
    if (subject instanceof Portal) {
      exchange.end({ result: "ok", rows: exchange.rows + subject.rows });
      if (subject.statement.detail.uses.length > 0) this.sqlNames.done(subject.statement, true);
    }
    exchange.answered();
  }

  /** After an error in a text of several statements nobody knows which of them ran. */
  #named({ statement }: QueryRun, failed: boolean): void {
    const { uses, statements } = statement.detail;
    if (uses.length === 0 || (failed && statements === 1)) return;
    this.sqlNames.done(statement, !failed);
  }

  /** As its caller, and the trail, are told. */
  #show(cursor: Cursor, length: number, fields: ReportFields): ReportFields {
    const { owed, services } = this.exchange;
    const text = textOf(owed, services.gate);
    const shown = text ? reportAs("error", fields, text, looksAtNone(owed)) : fields;
    // A place in a text that the caller did not write.
    const { position, ...rest } = shown;
    const ahead = owed.length > 0 && (owed.flags & flag.ahead) !== 0 && position !== undefined;
    if (ahead) cursor.replace(length, errorResponse(rest));
    else if (shown !== fields) cursor.replace(length, errorResponse(shown));
    else cursor.forward(length);
    return shown;
  }

  /** The server skips to the next Sync; what was owed up to there will not be answered. */
  #failed(code = "XX000"): void {
    const { exchange } = this;
    const { owed } = exchange;
    exchange.code = code;
    // The caller goes on once all that follows from the error is in order.
    exchange.copy = "no";
    if ((owed.flags & flag.ahead) !== 0) {
      while ((owed.flags & flag.ahead) !== 0) owed.pop();
      // The server skips up to a Sync, and none would come behind a Query.
      if (owed.kind === kind.query) exchange.pump?.inject("toResource", sync);
    }
    if (owed.kind === kind.sync || owed.kind === kind.query || owed.kind === kind.functionCall) return;
    exchange.end({ result: resultOf(code), code, rows: exchange.rows });
    this.#buried();
    while (owed.length > 0 && owed.kind !== kind.sync) {
      forget(exchange, owed.kind, owed.subject);
      if (owed.kind === kind.query) {
        exchange.statements.forget("");
        exchange.portals.forget("");
      }
      exchange.end({ result: "cancelled" });
      exchange.skip();
    }
    if (owed.length === 0) exchange.skipping = true;
    exchange.skipped();
  }

  /** The head failed itself: what it was to define, and what the server dropped to make room for it. */
  #buried(): void {
    const { exchange } = this;
    const { owed } = exchange;
    const { subject } = owed;
    forget(exchange, owed.kind, subject);
    if (owed.kind === kind.parse && subject instanceof Definition) {
      const grave = subject.deny ? subject : undefined;
      if (subject.name === "") exchange.statements.set("", grave);
      else if (grave && exchange.statements.find(subject.name, 0) === undefined) {
        exchange.statements.set(subject.name, grave);
      }
    }
    if (owed.kind === kind.bind && subject instanceof Portal && subject.name === "") {
      exchange.portals.set("", undefined);
    }
    exchange.skip();
  }
}

function resultOf(code: string | undefined): "error" | "cancelled" {
  return code === undefined || code === cancelled ? "cancelled" : "error";
}

/** Where its text could not be read, for a message that holds the text. */
function placeOf(subject: Subject | undefined): number | undefined {
  const read = subject instanceof Refused ? subject.of : undefined;
  const refused = subject instanceof Definition ? subject.statement : read;
  return refused?.flaw?.()?.position;
}

function isStatus(byte: number): boolean {
  return byte === status.idle || byte === status.transaction || byte === status.failed;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** COMMIT, ROLLBACK: the portals of the transaction are gone. Told from `RO` and `COMMI`. */
function endsTransaction(view: Buffer, at: number): boolean {
  if (view[at] === 0x52) return view[at + 1] === 0x4f;
  return view[at] === 0x43 && view[at + 3] === 0x4d && view[at + 4] === 0x49;
}
