import type { Cursor, Examination, Gate, Link, Outcome, Pass, Pump, Reason } from "../../../core/plugin.ts";
import type { Catalogue, May } from "../catalogue.ts";
import type { Asked, OpenTransaction } from "../examine/asked.ts";
import type { Meanings } from "../meaning/index.ts";
import type { classifyApart } from "../sql/apart.ts";
import type { SqlStatement } from "../sql/classify.ts";
import type { columnsOf, loadFor } from "../sql/columns.ts";
import type { Replication } from "../sql/replication.ts";
import { defaultSettings, nextSettings, type SessionSettings } from "../sql/settings.ts";
import { status } from "../wire/message.ts";
import { copyFail, flush } from "../wire/query.ts";
import type { Intake } from "./intake.ts";
import { Meant } from "./meant.ts";
import { type Definition, type Portal, QueryRun, type Subject } from "./named.ts";
import { Names } from "./names.ts";
import { flag, kind, Owed } from "./owed.ts";
import { mayDefine } from "./statement.ts";

/** Milliseconds. */
const recheck = 20;

/** What the relay asks of its neighbours. */
export interface Services {
  readonly gate: Gate;
  readonly limits: Link["limits"];
  /** The connection replicates. */
  readonly replication?: Replication | undefined;
  readonly catalogue: Catalogue;
  /** A Promise, which never rejects, where others must not wait for it. */
  readonly classify: typeof classifyApart;
  readonly columnsOf: typeof columnsOf;
  readonly loadFor: typeof loadFor;
  readonly meanings: Meanings;
  /** What can be told of an operation that is about to be held. */
  examine?(asked: Asked): Examination;
  /** Asks the server to cancel what runs now. Resolves when it has taken the request; never rejects. */
  cancel(): Promise<void>;
  /** What is known of the resource's catalogue may be out of date. */
  invalidate(may: May): void;
}

/** Why the caller's direction stands still: exactly one reason at a time. */
export type Wait = "" | "drain" | "room" | "decision" | "copy" | "cancel" | "reading" | "catalogue";

/**
 * What both directions know: which answers are owed, what names mean, where the caller's group (up to
 * Sync) stands. One a session.
 */
export class Exchange {
  readonly owed = new Owed();
  readonly statements = new Names<Definition>();
  readonly portals = new Names<Portal>();
  /** Portals that stopped at a row limit in the middle of an operation. */
  readonly suspended = new Set<Portal>();
  /** Counts the caller's groups, so that a name can tell its own group from an earlier one. */
  group = 1;
  /** The server refuses everything up to the next Sync, and so do we. */
  skipping = false;
  /** Which kinds have been sent since the last Sync or Query, as bits `1 << kind`; 0: no group is open. */
  sent = 0;
  /** The server's own word, from its last ReadyForQuery. */
  status: number = status.idle;
  /** What is open, as the approver of a statement in it reads. */
  transaction: OpenTransaction | undefined;
  /** What the meaning of the next text depends on. */
  settings: SessionSettings = defaultSettings;
  /** What the server has said of its settings meanwhile. */
  readonly parameters = new Map<string, string>();
  waiting: Wait = "";
  /** A cancel of the gateway's own is on its way: nothing new is sent that it could hit instead. */
  cancelling = false;
  /**
   * COPY FROM: `asked` until the server is ready for data, then `open` until CopyDone or CopyFail. Replication: the
   * same, but `both`.
   */
  copy: "no" | "asked" | "open" | "both" = "no";
  /** Its data, from CopyInResponse to the end of the operation. */
  intake: Intake | undefined;
  /** The next message waits until all is answered: a statement changed what names mean. */
  barrier = false;
  /** Nothing more is decided: the session is over. */
  over = false;
  /** The caller's Terminate was seen behind a hold: what stands before it is not run any more. */
  leaving = false;
  /** The caller has been told why, or has said farewell itself. */
  saidWhy = false;
  pump: Pump | undefined;
  /** The answers in hand of the statement at the head. */
  rows = 0;
  code: string | undefined;
  /** Why the gateway stops the statement at the head. */
  stopped: Reason | undefined;
  #flushed = false;
  /** It may have made temporary relations. */
  temporary = false;
  readonly meant: Meant = new Meant(this);
  defining: May | undefined;
  /** Operations that are cancelled when their time is up. */
  readonly #timers = new Map<Pass, ReturnType<typeof setTimeout>>();

  constructor(readonly services: Services) {}

  /** Stops the caller's direction at the message at the cursor. */
  stall(cursor: Cursor, why: Exclude<Wait, "">): void {
    this.waiting = why;
    cursor.stall();
  }

  /** Goes on, where it stands still for this reason. */
  go(why: Wait): void {
    if (this.waiting !== why || why === "") return;
    this.waiting = "";
    this.pump?.resume("toResource");
  }

  /** True once nothing is owed; else the caller's direction stops until then. */
  drained(cursor: Cursor): boolean {
    if (this.owed.length === 0) return true;
    this.flush(cursor);
    this.stall(cursor, "drain");
    return false;
  }

  /**
   * The server keeps answers back until Sync or Flush. Only inside an open group: a Flush after
   * ReadyForQuery disarms the server's idle_in_transaction_session_timeout.
   */
  flush(cursor: Cursor): void {
    if (this.sent === 0 || this.#flushed) return;
    this.#flushed = true;
    cursor.insert(flush);
  }

  /** The same, from outside of a decode. */
  flushNow(): void {
    if (this.sent === 0 || this.#flushed) return;
    this.#flushed = true;
    this.pump?.inject("toResource", flush);
  }

  /** The message at the cursor was denied: one that fails goes in its place, and the server skips to Sync. */
  refuse(cursor: Cursor, length: number, what: number, instead: Uint8Array, subject: Subject): void {
    cursor.replace(length, instead);
    this.owe(what, flag.denied, subject);
    this.skipping = true;
  }

  /** A message of an extended group is on its way to the server. */
  owe(what: number, flags: number, subject?: Subject, pass?: Pass): void {
    this.owed.push(what, flags, subject, pass);
    this.sent |= 1 << what;
    this.#flushed = false;
  }

  /** Sync, Query or FunctionCall: the group ends with it. */
  oweReady(what: number, flags: number, subject?: Subject, pass?: Pass): void {
    this.owed.push(what, flags, subject, pass);
    this.sent = 0;
    this.group += 1;
    this.#flushed = false;
  }

  /** A statement is on its way to the server. */
  launched(statement: SqlStatement, pass: Pass): void {
    this.settings = nextSettings(this.settings, statement.detail.changes);
    const may = mayDefine(statement);
    if (may !== undefined) {
      if (this.defining !== "certainly") this.defining = may;
      this.temporary = true;
      this.services.invalidate(may);
    }
    if (this.transaction) this.transaction.statements += 1;
    this.watch(pass);
  }

  /** Its operation runs from now on, and may have a deadline. */
  watch(pass: Pass): void {
    const deadline = pass.answer?.deadline;
    if (deadline && !this.#timers.has(pass)) this.#arm(pass, deadline.after, deadline.reason);
  }

  /** It has ended, or waits for the caller to go on with its portal. */
  unwatch(pass: Pass): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(pass));
    this.#timers.delete(pass);
  }

  /** Its turn may not have come yet: then it is looked at again. */
  #arm(pass: Pass, after: number, reason: Reason): void {
    const fire = () => {
      if (this.owed.pass === pass && (this.owed.flags & flag.swallow) === 0) this.stop(reason);
      else this.#arm(pass, recheck, reason);
    };
    this.#timers.set(pass, setTimeout(fire, after));
  }

  /** The statement at the head is cancelled; what it still answers is not shown. */
  stop(reason: Reason): void {
    if (this.stopped) return;
    this.stopped = reason;
    if (this.copy !== "open") {
      this.cancelling = true;
      void this.services.cancel().then(() => {
        this.cancelling = false;
        this.go("cancel");
      });
      return;
    }
    // A server that waits for data does not look for a cancel.
    this.pump?.inject("toResource", copyFail);
    this.copy = "no";
    this.skipping = this.owed.kind === kind.execute;
  }

  /** CopyDone or CopyFail is on its way. */
  copyEnds(): void {
    // The same query may hold another COPY: nothing else passes until the server says.
    this.copy = this.owed.kind === kind.query ? "asked" : "no";
    // The Flush behind its Execute made the server ask for data; among data there is none.
    this.#flushed = false;
  }

  /** The pass of the head, with what became of it. */
  end(outcome: Outcome): void {
    const pass = this.owed.runs ? this.owed.pass : undefined;
    if (pass === undefined) return;
    this.unwatch(pass);
    const { intake, owed } = this;
    this.intake = undefined;
    const bytes = owed.subject instanceof QueryRun ? owed.subject.streamed : 0;
    const told = bytes === 0 ? outcome : { ...outcome, bytes };
    pass.end(intake ? { ...told, received: intake.close() } : told);
  }

  /** ReadyForQuery. */
  ready(now: number): void {
    this.status = now;
    if (now === status.idle) this.transaction = undefined;
    else this.transaction ??= { since: Date.now(), statements: 0 };
    if (now === status.idle) this.transactionOver();
    this.copy = "no";
    if (this.defining === undefined) return;
    this.services.invalidate(this.defining);
    // What a transaction defined others see when it has ended.
    if (now === status.idle) this.defining = undefined;
  }

  /** The head is answered. */
  answered(): void {
    this.skip();
    this.skipped();
  }

  /** The head is done with. */
  skip(): void {
    // The last one is what the direction waits for: it was answered, and was no COPY.
    if (this.copy === "asked" && this.owed.kind === kind.execute && this.owed.length === 1) this.copy = "no";
    this.owed.pop();
    this.rows = 0;
    this.code = undefined;
    this.stopped = undefined;
    this.intake = undefined;
  }

  /** Goes on with what waited for answers. */
  skipped(): void {
    if (this.waiting === "drain" && this.owed.length === 0) this.go("drain");
    else if (this.waiting === "copy" && this.copy !== "asked") this.go("copy");
    else if (this.waiting === "room" && this.owed.length <= this.services.limits.owed / 2) this.go("room");
  }

  /** Whether work is at stake in a transaction, as far as can be told without waiting. */
  get inTransaction(): boolean {
    return this.status !== status.idle || (this.sent & (1 << kind.execute)) !== 0 || this.owed.running > 0;
  }

  /** An open transaction ended: its portals are gone. */
  transactionOver(): void {
    this.portals.clear(true);
    if (this.suspended.size === 0) return;
    for (const portal of this.suspended) portal.pass?.end({ result: "ok", rows: portal.rows });
    this.suspended.clear();
  }

  /** What runs is stopped, unless the caller said farewell behind it: nobody is left to see its answer. */
  leave(): void {
    if (!this.over && !this.saidWhy && this.owed.length > 0) void this.services.cancel();
    this.release();
  }

  /** The session is over: whatever was sent and not answered has an unknown outcome. */
  release(): void {
    if (this.over) return;
    this.over = true;
    for (; this.owed.length > 0; this.owed.pop()) this.end({ result: "unknown" });
    for (const portal of this.suspended) portal.pass?.end({ result: "unknown", rows: portal.rows });
    this.suspended.clear();
  }
}
