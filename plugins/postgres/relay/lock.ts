import { randomBytes } from "node:crypto";
import { type Cursor, nothing, onlyReads } from "../../../core/plugin.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { unlocking } from "../sql/unlocking.ts";
import { frontend, headerSize, status } from "../wire/message.ts";
import { bind, close, execute, parse, query, sync } from "../wire/query.ts";
import type { Exchange } from "./exchange.ts";
import { flag, kind } from "./owed.ts";

const texts = {
  on: "set default_transaction_read_only = on",
  off: "set default_transaction_read_only = off",
} as const;
const switches = { on: query(texts.on), off: query(texts.off) } as const;

/** The same by a statement of its own: a simple query makes the server forget the unnamed one. Replication knows simple ones only. */
const quiet = { on: quietly(texts.on), off: quietly(texts.off) } as const;

function quietly(text: string): Buffer {
  const name = `postern-${randomBytes(16).toString("hex")}`;
  return Buffer.concat([
    parse(name, text),
    bind("", name),
    execute(""),
    close({ kind: "statement", name }),
    sync,
  ]);
}

/** Messages that begin something, a group if nothing else: before them the gateway may say a word of its own. */
const begins: ReadonlySet<number> = new Set([
  frontend.query,
  frontend.parse,
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.close,
  frontend.functionCall,
]);

/**
 * The second lock: while a session's rights are only to read, its transactions at the server are read-only. Rights
 * come and go (a reload, a grant), and the server is told between two transactions. One that is open stays as it began.
 */
export class Lock {
  #effects: ReadonlySet<string> | undefined;
  #wanted = false;
  /** The group in which a transaction has ended last: what follows in it begins another. */
  #endedIn = -1;
  /** What settings go back to has it on. */
  readonly #atLogin: boolean;

  constructor(
    readonly exchange: Exchange,
    /** The server has it on, by the gateway's doing. */
    public on: boolean,
  ) {
    this.#atLogin = on;
  }

  /** Before the message at the cursor. False: the direction is stalled until the server can be told. */
  keeps(cursor: Cursor, type: number): boolean {
    const { exchange } = this;
    if (this.#wants() === this.on || exchange.sent !== 0 || !begins.has(type)) return true;
    if (!exchange.drained(cursor)) return false;
    if (exchange.status !== status.idle) return true;
    this.on = this.#wanted;
    const way = this.on ? "on" : "off";
    if (this.#forgets(cursor, type)) {
      cursor.insert(quiet[way]);
      for (const what of [kind.parse, kind.bind, kind.execute, kind.close]) exchange.owe(what, flag.swallow);
      exchange.oweReady(kind.sync, flag.swallow);
      return true;
    }
    cursor.insert(switches[way]);
    exchange.oweReady(kind.query, flag.swallow);
    exchange.statements.define("", undefined, exchange.group - 1);
    exchange.portals.define("", undefined, exchange.group - 1);
    return true;
  }

  /**
   * The statement as it counts now. Where the server cannot be told before it, as what is open may still write, what would begin
   * another transaction lets that one write too.
   */
  under(statement: SqlStatement): SqlStatement {
    if (!this.#wants() || (this.on && !this.#opens(statement.detail))) return statement;
    const { transaction } = statement.detail;
    const begins = transaction === "begins" || this.#endedIn === this.exchange.group;
    return begins ? unlockingOf(statement) : statement;
  }

  /** It is on its way, in the group of the extended protocol that is open. */
  ran({ detail }: SqlStatement): void {
    if (detail.transaction === "ends") this.#endedIn = this.exchange.group;
    if (!this.#opens(detail)) return;
    this.on = false;
    // DISCARD ALL commits by itself.
    this.#endedIn = this.exchange.group;
  }

  /** Settings go back to what lets transactions write. */
  #opens({ resets }: SqlStatement["detail"]): boolean {
    return resets === true && !this.#atLogin;
  }

  #wants(): boolean {
    const { gate, replication } = this.exchange.services;
    const { effects } = gate.session;
    if (effects !== this.#effects) {
      this.#effects = effects;
      this.#wanted = replication !== "physical" && onlyReads(effects);
    }
    return this.#wanted;
  }

  /** default_transaction_read_only, as the server tells it (PostgreSQL 14 and later), also where a function changed it. */
  told(value: string): void {
    if (value === "off") this.on = false;
  }

  /** A simple query makes the server forget the unnamed statement: not where the caller may still use it. */
  #forgets({ view, at, end }: Cursor, type: number): boolean {
    if (type === frontend.query) return false;
    if (type === frontend.parse && at + headerSize < end && view[at + headerSize] === 0) return false;
    return this.exchange.statements.find("", this.exchange.group) !== undefined;
  }
}

const unlockings = new WeakMap<SqlStatement, SqlStatement>();

/** The same object each time, for plans are kept by it. */
function unlockingOf(statement: SqlStatement): SqlStatement {
  const known = unlockings.get(statement);
  if (known !== undefined) return known;
  const actions = [...statement.actions, { effect: "read", on: nothing, traits: [unlocking] } as const];
  const made = { ...statement, actions };
  unlockings.set(statement, made);
  return made;
}
