import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { ChannelEvent } from "../../../../core/plugin.ts";
import { Fields } from "../../keys/fields.ts";
import { string, uint32 } from "../../message.ts";
import { Framer } from "../framer.ts";
import { bodyAt, encode, type Message, openFlags, statusOf, types } from "../message.ts";
import { relaySftp } from "../relay.ts";
import type { Rules } from "./rules.ts";

export const sftpServer = "/usr/lib/openssh/sftp-server";

/** A caller that speaks in raw messages, the relay, and Debian's sftp-server in a folder. */
export class Talk {
  readonly said: string[] = [];
  readonly events: ChannelEvent[] = [];
  readonly fromCaller = new PassThrough();
  readonly #toCaller = new PassThrough();
  readonly #framer = new Framer();
  readonly server: ChildProcessWithoutNullStreams;
  readonly over: Promise<void>;
  #next = 0;

  constructor(rules: Rules, home: string) {
    this.server = spawn(sftpServer, ["-d", home]);
    const { stdin, stdout } = this.server;
    stdin.on("error", () => {});
    const write = (stream: NodeJS.WritableStream, bytes: Uint8Array) =>
      stream.write(bytes) ? undefined : once(stream, "drain").then(() => {});
    this.over = relaySftp({
      gate: rules.gate,
      caller: this.fromCaller,
      host: stdout,
      toCaller: (bytes) => write(this.#toCaller, bytes),
      toHost: (bytes) => write(stdin, bytes),
      endHost: () => void stdin.end(),
      refused: ({ code }) => void this.said.push(code),
      held: ({ notice }) => void this.said.push(notice),
      note: (event) => void this.events.push(event),
    });
    this.over.catch(() => {}).finally(() => this.server.kill());
  }

  static async begin(rules: Rules, home: string): Promise<Talk> {
    const talk = new Talk(rules, home);
    talk.send(Buffer.concat([uint32(5), Buffer.from([types.init]), uint32(3)]));
    await talk.next();
    return talk;
  }

  send(bytes: Uint8Array): void {
    this.fromCaller.write(bytes);
  }

  /** The next message that the caller gets. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.#framer.next();
      if (message) return message;
      const bytes = this.#toCaller.read() as Buffer | null;
      if (bytes) this.#framer.take(bytes);
      else await once(this.#toCaller, "readable");
    }
  }

  /** One request and its answer. */
  async ask(type: number, ...parts: readonly Uint8Array[]): Promise<Message> {
    this.send(encode(type, ++this.#next, ...parts));
    return await this.next();
  }

  async status(type: number, ...parts: readonly Uint8Array[]): Promise<number> {
    return statusOf(await this.ask(type, ...parts));
  }

  /** The handle, or the status. */
  async open(path: string, flags: number = openFlags.read): Promise<Buffer | number> {
    return handleIn(await this.ask(types.open, string(path), uint32(flags), uint32(0)));
  }

  async close(): Promise<void> {
    this.fromCaller.end();
    await this.over;
  }
}

export function handleIn(message: Message): Buffer | number {
  return message.type === types.handle
    ? Buffer.from(new Fields(message.bytes.subarray(bodyAt)).bytesField())
    : statusOf(message);
}
