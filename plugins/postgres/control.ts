import { type Dialed, PosternError, type Wire } from "../../core/plugin.ts";
import { group, Prepared } from "./prepared.ts";
import { backend } from "./wire/message.ts";
import { query } from "./wire/query.ts";
import { malformed } from "./wire/read.ts";
import { type Received, receive } from "./wire/receive.ts";
import { errorFields } from "./wire/report.ts";
import { CellWalker } from "./wire/rows.ts";

/** A row as text, NULL as null. */
export type Row = readonly (string | null)[];

/** One statement of a group. */
export interface Question {
  readonly text: string;
  /** Text, or the binary form that its type's receive function reads; null: NULL. */
  readonly parameters?: readonly (string | Uint8Array | null)[];
  /** Oids of the parameters' types; 0 or absent: the server infers it. */
  readonly types?: readonly number[];
}

export interface ControlOptions {
  /** Milliseconds without a query after which the connection is closed. */
  readonly idle: number;
  /** Milliseconds a query may take. */
  readonly timeout: number;
  /**
   * What it asks changes nothing, and is the same few texts over and over: the server keeps them prepared. Where a
   * connection that was kept turns out to be closed, they are asked on a new one.
   */
  readonly again: boolean;
}

const defaults: ControlOptions = { idle: 30_000, timeout: 6_000, again: false };

/** More than any answer to the gateway's own questions, in bytes. */
const maxMessage = 16 * 1024 * 1024;

/** The server has refused a statement of the gateway's own: `resource.query`. It did nothing of it. */
export class QueryRefused extends PosternError {
  constructor(
    readonly sqlstate: string,
    message: string,
  ) {
    super("resource.query", "The resource failed to answer a question of the gateway's own.", {
      cause: new Error(`${sqlstate} ${message}`),
    });
  }
}

/** Somebody has locked what the question is about (`lock_timeout`). */
export function isLocked(error: unknown): boolean {
  return error instanceof QueryRefused && error.sqlstate === "55P03";
}

/**
 * The gateway's own connection to a resource: opened by the first query, closed when idle, opened again
 * when it broke. One query at a time, everything as text.
 */
export class Control {
  readonly #options: ControlOptions;
  #open: Promise<Wire> | undefined;
  /** Of the open connection. undefined: it keeps none. */
  #prepared: Prepared | undefined;
  /** What was prepared was there no more: a pooler puts other connections in between. */
  #forgetful = false;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Partial<ControlOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  /**
   * `dial` is used when no connection is open. Throws what it throws, QueryRefused, or `resource.unreachable`.
   */
  async query(
    dial: () => Promise<Dialed>,
    text: string,
    parameters: readonly (string | null)[],
  ): Promise<Row[]> {
    const [rows = []] = await this.group(dial, [{ text, parameters }]);
    return rows;
  }

  /**
   * Several statements in one implicit transaction, one after the other: what one sets for the transaction holds for
   * the others and for nothing after them. The rows of each. `signal`: nobody waits for it any more, so it is not asked.
   */
  group(dial: () => Promise<Dialed>, questions: readonly Question[], signal?: AbortSignal): Promise<Row[][]> {
    return this.#ask(dial, () => this.#prepared?.group(questions) ?? group(questions), signal);
  }

  /** Several statements in one transaction, where none of them takes parameters (simple query). */
  async script(dial: () => Promise<Dialed>, text: string): Promise<void> {
    await this.#ask(dial, () => query(text));
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const open = this.#open;
    this.#open = undefined;
    (await open?.catch(() => undefined))?.destroy();
  }

  #ask(dial: () => Promise<Dialed>, question: () => Buffer, signal?: AbortSignal): Promise<Row[][]> {
    const turn = this.#turn.then(() => {
      signal?.throwIfAborted();
      return this.#run(dial, question);
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #run(dial: () => Promise<Dialed>, question: () => Buffer): Promise<Row[][]> {
    const kept = this.#open !== undefined;
    return await this.#runOnce(dial, question).catch((error: unknown) => {
      const closed = error instanceof PosternError && error.code === "wire.closed";
      const forgotten = error instanceof QueryRefused && unprepared.has(error.sqlstate);
      if (forgotten && this.#prepared) {
        this.#forgetful = true;
        this.#prepared = undefined;
      } else if (!closed || !kept || !this.#options.again) throw error;
      return this.#runOnce(dial, question);
    });
  }

  async #runOnce(dial: () => Promise<Dialed>, question: () => Buffer): Promise<Row[][]> {
    clearTimeout(this.#idle);
    try {
      let wire = await this.#open;
      if (wire === undefined || wire.closed) {
        this.#open = dial().then((dialed) => dialed.wire);
        wire = await this.#open;
        this.#prepared = this.#options.again && !this.#forgetful ? new Prepared() : undefined;
      }
      wire.deadline(this.#options.timeout);
      wire.write(question());
      const rows = await answer(wire, this.#prepared);
      wire.deadline(0);
      this.#idle = setTimeout(() => void this.close(), this.#options.idle);
      this.#idle.unref();
      return rows;
    } catch (error) {
      // Whatever was left unread on it would be taken for the next answer.
      if (!(error instanceof QueryRefused)) await this.close();
      throw error;
    }
  }
}

/** There is no such prepared statement; there is one already; its answer would have other columns. */
const unprepared: ReadonlySet<string> = new Set(["26000", "42P05", "0A000"]);

/** The rows of each statement, in order. */
async function answer(wire: Wire, prepared: Prepared | undefined): Promise<Row[][]> {
  const all: Row[][] = [];
  let rows: Row[] = [];
  const cells = new CellWalker();
  let failed: QueryRefused | undefined;
  for (;;) {
    const message = await receive(wire, maxMessage);
    if (message.type === backend.readyForQuery) break;
    if (message.type === backend.parseComplete) prepared?.parsed();
    else if (message.type === backend.errorResponse) failed = refusal(message);
    else if (message.type === backend.dataRow) rows.push(textCells(cells, message.body));
    else if (message.type === backend.commandComplete) {
      all.push(rows);
      rows = [];
    } else if (!expected.has(message.type))
      throw malformed("answer", `a message of type ${message.type} in it`);
  }
  const answers = prepared?.answers(all) ?? all;
  if (failed) throw failed;
  return answers;
}

const expected: ReadonlySet<number> = new Set([
  backend.bindComplete,
  backend.noticeResponse,
  backend.parameterStatus,
  backend.notificationResponse,
]);

function textCells(cells: CellWalker, body: Buffer): Row {
  const row: (string | null)[] = [];
  cells.open(body, 0, body.length);
  while (cells.next()) {
    row.push(cells.length === -1 ? null : body.toString("utf8", cells.start, cells.start + cells.length));
  }
  return row;
}

function refusal({ body }: Received): QueryRefused {
  const { code = "", message = "" } = errorFields(body, 0, body.length);
  return new QueryRefused(code, message);
}
