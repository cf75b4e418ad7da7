import type { Codec, Cursor } from "../../../core/plugin.ts";
import { frontend, headerSize } from "../wire/message.ts";
import { terminate } from "../wire/query.ts";
import { message } from "../wire/write.ts";
import type { Admission } from "./admission.ts";
import type { Cork } from "./cork.ts";
import type { Exchange } from "./exchange.ts";
import { Malformed, messageLength, violation } from "./framing.ts";
import type { Lock } from "./lock.ts";
import { kind } from "./owed.ts";
import type { Preparation } from "./prepare.ts";
import type { Running } from "./run.ts";
import type { Streams } from "./stream.ts";

/** From the caller to the server: one message a call. */
export class CallerCodec implements Codec {
  /** What goes through is a CopyData. */
  #data = false;

  constructor(
    readonly exchange: Exchange,
    readonly admission: Admission,
    readonly cork: Cork,
    readonly preparation: Preparation,
    readonly running: Running,
    readonly streams: Streams,
    readonly lock: Lock,
  ) {}

  decode(cursor: Cursor): void {
    const { exchange } = this;
    if (exchange.over) {
      cursor.stall();
      return;
    }
    const length = messageLength(cursor);
    if (length === 0) return;
    this.#data = false;
    this.#message(cursor, cursor.view[cursor.at] as number, length);
    // An answer of the gate is for the message it was asked about and for no other.
    if (exchange.waiting !== "") return;
    this.admission.forget();
    exchange.meant.forget();
  }

  passing(view: Buffer, start: number, end: number): void {
    if (this.#data) this.exchange.intake?.take(view, start, end);
  }

  waiting(pending: Buffer): void {
    this.admission.scan(pending);
  }

  ended(): void {
    const { exchange } = this;
    this.admission.withdraw("abandoned");
    if (!exchange.saidWhy && exchange.pump?.atBoundary("toResource"))
      exchange.pump.inject("toResource", terminate);
    exchange.leave();
  }

  #message(cursor: Cursor, type: number, length: number): void {
    const { exchange, cork } = this;
    if (type === frontend.terminate) {
      exchange.saidWhy = true;
      cork.discard();
      cursor.forward(length);
      return;
    }
    if (exchange.leaving) {
      cursor.drop(length);
      return;
    }
    if (this.#skips(cursor, type, length)) return;
    if (cork.active && (cork.full || !corkable.has(type))) {
      if (!this.lock.keeps(cursor, frontend.bind)) return;
      if (!this.running.uncork(cursor) || this.#skips(cursor, type, length)) return;
    }
    if (exchange.copy === "open") {
      this.#copying(cursor, type, length);
      return;
    }
    if (exchange.copy === "both") {
      this.#replicating(cursor, type, length);
      return;
    }
    if (exchange.copy === "asked") {
      // Where it turns out to be no COPY, as of a text that nobody could read, the server would keep its answer back.
      exchange.flush(cursor);
      exchange.stall(cursor, "copy");
      return;
    }
    if (exchange.cancelling && type !== frontend.sync && type !== frontend.flush) {
      exchange.stall(cursor, "cancel");
      return;
    }
    if (exchange.barrier && type !== frontend.sync && type !== frontend.flush) {
      if (!exchange.drained(cursor)) return;
      exchange.barrier = false;
    }
    if (!cork.active && !this.lock.keeps(cursor, type)) return;
    if (exchange.owed.length >= exchange.services.limits.owed) {
      exchange.services.gate.reached("owed");
      exchange.flush(cursor);
      exchange.stall(cursor, "room");
      return;
    }
    try {
      this.#dispatch(cursor, type, length);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#malformed(cursor, type, length);
    }
  }

  /** An empty body of the same type is as malformed as this one, and holds nothing that could be read in two ways. */
  #malformed(cursor: Cursor, type: number, length: number): void {
    const { exchange, cork } = this;
    cork.discard();
    cursor.replace(length, message(type));
    if (type === frontend.query) exchange.oweReady(kind.query, 0);
    else if (type === frontend.functionCall) exchange.oweReady(kind.functionCall, 0);
    else {
      exchange.owe(kinds[type] ?? kind.none, 0);
      exchange.skipping = true;
    }
  }

  /** After an error the server refuses all up to Sync. So does the gateway, and decides nothing. */
  #skips(cursor: Cursor, type: number, length: number): boolean {
    const { exchange } = this;
    if (!exchange.skipping) return false;
    this.cork.discard();
    if (type !== frontend.sync) {
      cursor.drop(length);
      return true;
    }
    exchange.skipping = false;
    return false;
  }

  #dispatch(cursor: Cursor, type: number, length: number): void {
    const { exchange, preparation, running } = this;
    switch (type) {
      case frontend.query:
        return running.query(cursor, length);
      case frontend.parse:
        return preparation.parse(cursor, length);
      case frontend.bind:
        return preparation.bind(cursor, length);
      case frontend.describe:
        return preparation.describe(cursor, length);
      case frontend.execute:
        return running.execute(cursor, length);
      case frontend.close:
        return preparation.close(cursor, length);
      case frontend.sync:
        cursor.forward(length);
        exchange.oweReady(kind.sync, 0);
        return;
      case frontend.flush:
        cursor.forward(length);
        return;
      case frontend.functionCall:
        return running.functionCall(cursor, length);
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
        // What is left of a COPY that failed: the server would ignore it.
        cursor.drop(length);
        return;
      default:
        throw violation(`A message of type ${type} has no place after start-up.`);
    }
  }

  /** COPY FROM: until the data ends the server swallows Sync and Flush. */
  #copying(cursor: Cursor, type: number, length: number): void {
    const { exchange } = this;
    switch (type) {
      case frontend.copyData:
        this.#copyData(cursor, length);
        return;
      case frontend.copyDone:
      case frontend.copyFail:
        if (type === frontend.copyDone) exchange.intake?.finish();
        if (this.#refused(cursor, length)) return;
        cursor.forward(length);
        exchange.copyEnds();
        return;
      case frontend.sync:
      case frontend.flush:
        cursor.drop(length);
        return;
      default:
        throw violation(`A message of type ${type} has no place among COPY data.`);
    }
  }

  /** Replication: the server takes nothing else now. */
  #replicating(cursor: Cursor, type: number, length: number): void {
    this.streams.goesOn();
    if (type === frontend.copyData) return this.#copyData(cursor, length);
    if (type !== frontend.copyDone)
      throw violation(`A message of type ${type} has no place among replicated data.`);
    cursor.forward(length);
    this.exchange.copyEnds();
  }

  #copyData(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { intake } = exchange;
    if (intake?.limit && !intake.takes(length - headerSize)) {
      exchange.stop(intake.limit.reason);
      cursor.drop(length);
      return;
    }
    intake?.take(cursor.view, cursor.at + headerSize, Math.min(cursor.end, cursor.at + length));
    if (this.#refused(cursor, length)) return;
    this.#data = true;
    cursor.forward(length);
  }

  /** A guardrail saw something in the data that has come. */
  #refused(cursor: Cursor, length: number): boolean {
    const reason = this.exchange.intake?.refused;
    if (reason === undefined) return false;
    this.exchange.stop(reason);
    cursor.drop(length);
    return true;
  }
}

/** What is owed for a message of the extended protocol. */
const kinds: Readonly<Record<number, number>> = {
  [frontend.parse]: kind.parse,
  [frontend.bind]: kind.bind,
  [frontend.describe]: kind.describeStatement,
  [frontend.execute]: kind.execute,
  [frontend.close]: kind.close,
};

/** What is kept back with what came before it. */
const corkable: ReadonlySet<number> = new Set([
  frontend.parse,
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.close,
]);
