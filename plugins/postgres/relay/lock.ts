import { type Cursor, nothing, onlyReads } from "../../../core/plugin.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { unlocking } from "../sql/unlocking.ts";
import { frontend, headerSize, status } from "../wire/message.ts";
import { query } from "../wire/query.ts";
import type { Exchange } from "./exchange.ts";
import { flag, kind } from "./owed.ts";

const switches = {
  on: query("set default_transaction_read_only = on"),
  off: query("set default_transaction_read_only = off"),
} as const;

/** Messages that begin something: before them the gateway may say a word of its own. */
const begins: ReadonlySet<number> = new Set([
  frontend.query,
  frontend.parse,
  frontend.bind,
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

  constructor(
    readonly exchange: Exchange,
    /** The server has it on, by the gateway's doing. */
    public on: boolean,
  ) {}

  /** Before the message at the cursor. False: the direction is stalled until the server can be told. */
  keeps(cursor: Cursor, type: number): boolean {
    const { exchange } = this;
    if (this.#wants() === this.on || exchange.sent !== 0 || !begins.has(type)) return true;
    if (!exchange.drained(cursor)) return false;
    if (exchange.status !== status.idle || this.#forgets(cursor, type)) return true;
    this.on = this.#wanted;
    cursor.insert(this.on ? switches.on : switches.off);
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
    if (this.on || !this.#wants()) return statement;
    const begins = statement.detail.transaction === "begins" || this.#endedIn === this.exchange.group;
    return begins ? unlockingOf(statement) : statement;
  }

  /** It is on its way, in the group of the extended protocol that is open. */
  ran({ detail }: SqlStatement): void {
    if (detail.transaction === "ends") this.#endedIn = this.exchange.group;
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
