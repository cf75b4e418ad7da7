import type { Codec, Cursor, Reason } from "../../../core/plugin.ts";
import { reasonError } from "../refuse.ts";
import { nextSettings, settingChange } from "../sql/settings.ts";
import { backend, headerSize } from "../wire/message.ts";
import { parameterTypes } from "../wire/query.ts";
import { parameterStatusOf } from "../wire/session.ts";
import type { Copies } from "./copied.ts";
import type { Endings } from "./endings.ts";
import type { Exchange } from "./exchange.ts";
import { messageLength, violation, whole } from "./framing.ts";
import { Intake } from "./intake.ts";
import type { Lock } from "./lock.ts";
import { Definition, Portal, QueryRun, type Subject } from "./named.ts";
import { flag, kind } from "./owed.ts";
import { type Results, runOf } from "./results.ts";
import type { Streams } from "./stream.ts";
import { looksAtNone, noticeAs, notificationAs, textOf } from "./texts.ts";

const gone: Reason = {
  code: "resource.gone",
  message: "The resource closed the connection without a word.",
  hint: "What was not answered may have happened or not; connect again and look.",
};

/** Settings that the server reports and that take one of a few words only. */
const enumerated: ReadonlySet<string> = new Set(
  `client_encoding DateStyle default_transaction_read_only in_hot_standby integer_datetimes IntervalStyle is_superuser
  server_encoding server_version standard_conforming_strings`.split(/\s+/),
);

/** From the server to the caller: every answer is matched with the head of what is owed. */
export class ServerCodec implements Codec {
  readonly keepsNothing = true;

  constructor(
    readonly exchange: Exchange,
    readonly results: Results,
    readonly copies: Copies,
    readonly endings: Endings,
    readonly streams: Streams,
    readonly lock: Lock,
  ) {}

  decode(cursor: Cursor): void {
    const { exchange } = this;
    if (exchange.over) {
      cursor.stall();
      exchange.pump?.close();
      return;
    }
    const length = messageLength(cursor);
    if (length === 0) return;
    const type = cursor.view[cursor.at] as number;
    // A notice or a setting of a statement that runs may hold what it has read.
    if (this.#waitsForTrail(cursor)) return;
    if (this.#unasked(cursor, type, length)) return;
    this.#answer(cursor, type, length);
  }

  ended(): void {
    const { exchange } = this;
    exchange.release();
    if (!exchange.saidWhy) exchange.pump?.inject("toCaller", reasonError("FATAL", gone));
  }

  /** What may come at any time. */
  #unasked(cursor: Cursor, type: number, length: number): boolean {
    const { exchange } = this;
    const { gate, limits } = exchange.services;
    if (
      type === backend.noticeResponse &&
      exchange.owed.length > 0 &&
      (exchange.owed.flags & flag.ahead) !== 0
    ) {
      // The statement behind it says the same.
      cursor.drop(length);
      return true;
    }
    if (type === backend.noticeResponse || type === backend.notificationResponse) {
      const text = type === backend.noticeResponse ? textOf(exchange.owed, gate) : gate.unasked()?.text;
      if (text === undefined) cursor.forward(length);
      else if (whole(cursor, length, limits.frame)) {
        const { view, at } = cursor;
        const bytes =
          type === backend.noticeResponse
            ? noticeAs(view, at, length, text, looksAtNone(exchange.owed))
            : notificationAs(view, at, length, text);
        if (bytes) cursor.replace(length, bytes);
        else cursor.forward(length);
      }
      return true;
    }
    if (type !== backend.parameterStatus) return false;
    if (!whole(cursor, length, limits.frame)) return true;
    const { name, value } = parameterStatusOf(cursor.view, cursor.at + headerSize, cursor.at + length);
    // The server repeats the name that it was given: UNICODE, utf-8.
    const utf8 = name !== "client_encoding" || settingChange(name, [value]).changes === undefined;
    const standardStrings = name !== "standard_conforming_strings" || value === "on";
    if (!utf8 || !standardStrings) {
      exchange.settings = nextSettings(exchange.settings, { names: "default", utf8, standardStrings });
    }
    exchange.parameters.set(name, value);
    if (name === "default_transaction_read_only") this.lock.told(value);
    // PostgreSQL 18 and later say it, also where a function changed it out of sight.
    if (name === "search_path") {
      exchange.settings = nextSettings(exchange.settings, settingChange(name, [value]).changes);
    }
    if (this.#mayTell(name)) cursor.forward(length);
    else cursor.drop(length);
    return true;
  }

  /** A function can set most settings to a value that it has read, and the server tells everybody who listens. */
  #mayTell(setting: string): boolean {
    const { temporary, owed, services } = this.exchange;
    if (enumerated.has(setting) || !temporary || looksAtNone(owed)) return true;
    return services.gate.unasked()?.text === undefined;
  }

  /** Strict trail: the entry is durable before the first byte of its answer leaves. */
  #waitsForTrail(cursor: Cursor): boolean {
    const { owed, pump } = this.exchange;
    if ((owed.flags & flag.ready) !== 0 || !(owed.runs || (owed.flags & flag.ahead) !== 0)) return false;
    const { pass } = owed;
    owed.mark(flag.ready);
    const kept = pass?.ready();
    if (kept === undefined) return false;
    cursor.pause();
    kept.then(() => pump?.resume("toCaller"));
    return true;
  }

  #answer(cursor: Cursor, type: number, length: number): void {
    const { exchange, endings } = this;
    const { owed } = exchange;
    if (type === backend.errorResponse) return endings.error(cursor, length);
    if (type === backend.readyForQuery) return endings.ready(cursor, length);
    if (exchange.stopped && owed.runs) return endings.stopped(cursor, type, length);
    switch (type) {
      case backend.dataRow:
        this.#expect(type, kind.execute, kind.query);
        return this.results.rows(cursor, length);
      case backend.parseComplete:
        this.#expect(type, kind.parse);
        return endings.named(cursor, length);
      case backend.bindComplete:
        this.#expect(type, kind.bind);
        return endings.named(cursor, length);
      case backend.closeComplete:
        this.#expect(type, kind.close);
        return endings.named(cursor, length);
      case backend.parameterDescription:
        this.#expect(type, kind.describeStatement);
        return this.#typed(cursor, length);
      case backend.noData:
        this.#expect(type, kind.describeStatement, kind.describePortal);
        this.#pass(cursor, length);
        return exchange.answered();
      case backend.rowDescription:
        this.#expect(type, kind.describeStatement, kind.describePortal, kind.query);
        return this.#described(cursor, length);
      case backend.commandComplete:
      case backend.emptyQueryResponse:
        this.#expect(type, kind.execute, kind.query);
        return endings.complete(cursor, type, length);
      case backend.portalSuspended:
        this.#expect(type, kind.execute);
        return endings.suspended(cursor, length);
      case backend.copyInResponse:
        this.#expect(type, kind.execute, kind.query);
        if (exchange.copy !== "asked") throw violation("The server asks for COPY data nobody announced.");
        exchange.copy = "open";
        exchange.intake ??= new Intake(owed.pass?.answer);
        cursor.forward(length);
        return exchange.go("copy");
      case backend.copyBothResponse:
        this.#expect(type, kind.query);
        return this.streams.begins(cursor, length);
      case backend.copyOutResponse:
      case backend.copyData:
      case backend.copyDone:
        this.#expect(type, kind.execute, kind.query);
        return this.#copied(cursor, type, length);
      case backend.functionCallResponse:
        this.#expect(type, kind.functionCall);
        cursor.forward(length);
        return;
      default:
        throw violation(`The server sent a message of type ${type} out of place.`);
    }
  }

  /** An answer that does not fit what is owed means that both sides are out of step. */
  #expect(type: number, first: number, second = first, third = first): void {
    const { owed } = this.exchange;
    const head = owed.kind;
    if ((head !== first && head !== second && head !== third) || (owed.flags & flag.denied) !== 0) {
      throw violation(`The server's answer (type ${type}) fits nothing that was asked.`);
    }
  }

  /** The server's word on a statement's parameters, for whoever reads them. */
  #typed(cursor: Cursor, length: number): void {
    const { owed, services } = this.exchange;
    const { subject } = owed;
    if (subject instanceof Definition && services.gate.wantsParameters) {
      if (!whole(cursor, length, services.limits.frame)) return;
      subject.types = parameterTypes(cursor.view, cursor.at + headerSize, cursor.at + length);
    }
    this.#pass(cursor, length);
  }

  #described(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { owed } = exchange;
    const { subject, pass } = owed;
    if (
      (owed.flags & flag.rows) !== 0 &&
      pass &&
      (subject instanceof Portal || subject instanceof QueryRun)
    ) {
      if (!whole(cursor, length, exchange.services.limits.frame)) return;
      const known =
        (owed.flags & flag.ahead) === 0
          ? this.results.described(cursor, length, subject, pass)
          : this.copies.described(cursor, length, subject);
      if (!known) return;
    }
    this.#pass(cursor, length);
    if (owed.kind !== kind.query) exchange.answered();
  }

  /** COPY TO STDOUT. */
  #copied(cursor: Cursor, type: number, length: number): void {
    const { flags, subject, pass } = this.exchange.owed;
    if (type === backend.copyData && isStream(subject)) this.streams.data(cursor, length);
    else if ((flags & flag.rows) === 0) cursor.forward(runOf(cursor, length) - cursor.at);
    else if (!pass || !(subject instanceof Portal || subject instanceof QueryRun)) {
      throw violation("COPY data of no statement.");
    } else if (type === backend.copyOutResponse) this.copies.begins(cursor, length, subject, pass);
    else if (type === backend.copyData) this.copies.data(cursor, length, subject);
    else this.copies.ends(cursor, length, subject);
  }

  /** To the caller, unless the gateway asked for it itself. */
  #pass(cursor: Cursor, length: number): void {
    if ((this.exchange.owed.flags & flag.swallow) !== 0) cursor.drop(length);
    else cursor.forward(length);
  }
}

/** Whether this is the answer to START_REPLICATION. */
function isStream(subject: Subject | undefined): boolean {
  return subject instanceof QueryRun && subject.statement.detail.copyBoth === true;
}
