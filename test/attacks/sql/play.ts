import {
  fields,
  int16,
  int32,
  message,
  query,
  RawClient,
  sync,
  text,
  type Message as Wire,
} from "../../raw.ts";
import type { Message, Raw } from "./attack.ts";
import type { World } from "./door.ts";

/** Milliseconds that one message may take: the server's own statement_timeout is shorter. */
const patience = 12_000;

/** What came of one case. */
export interface Played {
  /** All that came to the caller behind its login. */
  readonly wire: readonly Wire[];
  /** What the gateway refused: its code and sentence, and which message that was in. */
  readonly refusals: readonly Refusal[];
  /** Texts of messages in which nothing was refused. */
  readonly passed: readonly string[];
  /** SQLSTATEs of the server's own errors. */
  readonly errors: readonly string[];
  /** The cells of the last result, NULL as undefined. */
  readonly rows: readonly (readonly (Buffer | undefined)[])[];
  /** The session is as new: idle, and alive. */
  readonly idle: boolean;
  /** It answered no more. */
  readonly hung: boolean;
}

export interface Refusal {
  readonly code: string;
  readonly said: string;
  /** The texts of the message, or of the group up to Sync, that was refused. */
  readonly texts: readonly string[];
}

/** One session through the gateway, as the identity of a policy. */
export class Caller {
  private constructor(readonly client: RawClient) {}

  static async login(port: number, token: string, world: World): Promise<Caller> {
    const client = await RawClient.login(port, "mallory", world, token);
    return new Caller(client);
  }

  /** `piece`: how many bytes go into one write, as a network may cut them. */
  async play(sql: readonly Message[], piece?: number): Promise<Played> {
    const wire: Wire[] = [];
    const refusals: Refusal[] = [];
    const passed: string[] = [];
    let hung = false;
    let pending: Buffer[] = [];
    let texts: string[] = [];
    for (const step of sql) {
      pending.push(bytesOf(step));
      if (typeof step === "string") texts.push(step);
      else if ("parse" in step) texts.push(step.parse);
      if (!answersWithReady(step)) continue;
      await this.#send(Buffer.concat(pending), piece);
      const answer = await this.#answer(typeof step !== "string" && "sync" in step);
      if (answer === undefined) {
        hung = true;
        break;
      }
      wire.push(...answer);
      const at = answer.findIndex((each) => isRefusal(each));
      // What was complete before it in the same group did run.
      const ran =
        at === -1 ? texts.length : answer.slice(0, at).filter(({ type }) => /[CIs]/.test(type)).length;
      passed.push(...texts.slice(0, ran));
      if (answer[at]) refusals.push(...refusalIn(answer[at], texts.slice(ran)));
      [pending, texts] = [[], []];
      if (answer.at(-1)?.type !== "Z") break;
    }
    return {
      wire,
      refusals,
      passed,
      errors: wire.flatMap((each) => (each.type === "E" && !isRefusal(each) ? [fields(each).C ?? ""] : [])),
      rows: lastRows(wire),
      idle: wire.at(-1)?.type === "Z" && wire.at(-1)?.body.toString() === "I",
      hung,
    };
  }

  close(): void {
    this.client.close();
  }

  async #send(bytes: Buffer, piece: number = bytes.length): Promise<void> {
    for (let at = 0; at < bytes.length; at += piece) {
      this.client.send(bytes.subarray(at, at + piece));
      if (at + piece < bytes.length) await Bun.sleep(0);
    }
  }

  /** Up to ReadyForQuery; a COPY FROM STDIN gets one row. undefined: none came. */
  async #answer(extended: boolean): Promise<Wire[] | undefined> {
    const all: Wire[] = [];
    for (;;) {
      const waiting = this.client.until("Z", "G");
      let some = await inTime(waiting);
      if (some === undefined) {
        // What was refused before a Query in the same group is skipped with it, up to a Sync.
        this.client.send(sync);
        some = await inTime(waiting);
      }
      if (some === undefined) return undefined;
      all.push(...some);
      if (some.at(-1)?.type !== "G") return all;
      // The server swallows a Sync while it copies.
      this.client.send(message("d", Buffer.from("1\n")), message("c"), extended ? sync : Buffer.alloc(0));
    }
  }
}

async function inTime(answer: Promise<Wire[]>): Promise<Wire[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), patience);
  return await Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}

function answersWithReady(step: Message): boolean {
  return typeof step === "string" || "query" in step || "sync" in step || "call" in step;
}

function bytesOf(step: Message): Buffer {
  if (typeof step === "string") return query(step);
  if ("query" in step) return message("Q", step.query);
  if ("parse" in step) return message("P", text(step.name ?? ""), text(step.parse), int16(0));
  if ("bind" in step) return bindOf(step);
  if ("execute" in step) return message("E", text(step.execute), int32(step.rows ?? 0));
  if ("describe" in step) return message("D", Buffer.from(step.describe), text(step.name));
  if ("close" in step) return message("C", Buffer.from(step.close), text(step.name));
  if ("sync" in step) return sync;
  const args = step.args.flatMap((arg) => [int32(Buffer.byteLength(arg)), Buffer.from(arg)]);
  return message("F", int32(step.call), int16(0), int16(step.args.length), ...args, int16(0));
}

function bindOf({ bind, portal = "", values = [], binary }: Extract<Raw, { bind: string }>): Buffer {
  const parameters = values.flatMap((value) =>
    value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
  );
  const formats = binary ? [int16(1), int16(1)] : [int16(0)];
  return message("B", text(portal), text(bind), int16(0), int16(values.length), ...parameters, ...formats);
}

function isRefusal(answer: Wire): boolean {
  return refusalIn(answer, []).length > 0;
}

/** The gateway's errors name their code in the DETAIL. */
function refusalIn(answer: Wire, texts: readonly string[]): Refusal[] {
  if (answer.type !== "E") return [];
  const { M: said = "", D: detail = "" } = fields(answer);
  const code = /^(?:Rule: .*\. )?Code: ([a-z.-]+)\.(?: Session: ses_\w+\.)?$/s.exec(detail)?.[1];
  return code === undefined ? [] : [{ code, said, texts }];
}

function lastRows(wire: readonly Wire[]): (Buffer | undefined)[][] {
  const end = wire.findLastIndex(({ type }) => type === "D" || type === "d");
  const last = wire[end]?.type;
  const start = wire.findLastIndex(({ type }, at) => at < end && type !== last);
  return wire.slice(start + 1, end + 1).map(({ type, body }) => (type === "d" ? [body] : cellsOf(body)));
}

/** Of a DataRow. */
export function cellsOf(body: Buffer): (Buffer | undefined)[] {
  const cells: (Buffer | undefined)[] = [];
  for (let at = 2; cells.length < body.readUInt16BE(0); ) {
    const length = body.readInt32BE(at);
    cells.push(length < 0 ? undefined : body.subarray(at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return cells;
}
