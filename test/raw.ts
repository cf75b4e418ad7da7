import { connect, type Socket } from "node:net";

/**
 * PostgreSQL's protocol by hand, for what no driver does: chosen message sequences, bad bytes. Written
 * from the protocol's documentation and not from the gateway's code, so that it is a second opinion.
 */
export class RawClient {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #closed = false;
  #sink: ((chunk: Buffer) => void) | undefined;
  /** BackendKeyData, as it came: the process id, then the secret. */
  key: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      if (this.#sink) this.#sink(chunk);
      else this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** A port of this machine, or the path of a unix socket. `from`: the address that the other side sees. */
  static async connect(port: number | string, from = "127.0.0.1"): Promise<RawClient> {
    const socket =
      typeof port === "string" ? connect(port) : connect({ port, host: "127.0.0.1", localAddress: from });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Start-up with a token as clear-text password, up to the first ReadyForQuery or error. */
  static async login(
    port: number,
    user: string,
    database: string,
    token: string,
    version = 0x30000,
    application?: string,
  ): Promise<RawClient> {
    const client = await RawClient.connect(port);
    const named = application === undefined ? {} : { application_name: application };
    client.send(startup({ user, database, ...named }, version));
    await client.until("R");
    client.send(message("p", text(token)));
    await client.until("Z");
    return client;
  }

  /** Where the server trusts everybody. */
  static async trusted(path: string, user: string, database: string): Promise<RawClient> {
    const client = await RawClient.connect(path);
    client.send(startup({ user, database }));
    await client.until("Z");
    return client;
  }

  /** From now on all that comes goes to `sink`, what is unread first. */
  stream(sink: (chunk: Buffer) => void): void {
    this.#sink = sink;
    sink(this.#buffer);
    this.#buffer = Buffer.alloc(0);
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** All messages up to and with the first of one of these types, or up to the end of the connection. */
  async until(...types: readonly string[]): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const next = await this.#next();
      if (next === undefined) return messages;
      messages.push(next);
      if (types.includes(next.type)) return messages;
    }
  }

  /** Bytes that have come and were not asked for by `until`. */
  get unread(): number {
    return this.#buffer.length;
  }

  /** Reads nothing more, so that the other side's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Half-closes: the other side reads an end of file. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #next(): Promise<Message | undefined> {
    for (;;) {
      const length = this.#buffer.length < 5 ? Infinity : 1 + this.#buffer.readUInt32BE(1);
      if (this.#buffer.length >= length) {
        const type = String.fromCharCode(this.#buffer[0] ?? 0);
        const body = this.#buffer.subarray(5, length);
        this.#buffer = this.#buffer.subarray(length);
        if (type === "K") this.key = body;
        return { type, body };
      }
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** The fields of an ErrorResponse or NoticeResponse by their letter: `C` SQLSTATE, `M` message, `D` detail. */
export function fields({ body }: Message): Record<string, string> {
  const entries = body.toString().split("\0").filter(Boolean);
  return Object.fromEntries(entries.map((entry) => [entry.slice(0, 1), entry.slice(1)]));
}

/** The transaction status of the last ReadyForQuery: `I`, `T` or `E`. */
export function status(messages: readonly Message[]): string | undefined {
  return messages.findLast(({ type }) => type === "Z")?.body.toString();
}

export function startup(parameters: Record<string, string>, version = 0x30000): Buffer {
  const pairs = Object.entries(parameters).flatMap(([key, value]) => [text(key), text(value)]);
  const body = Buffer.concat([int32(version), ...pairs, Buffer.of(0)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function query(sql: string): Buffer {
  return message("Q", text(sql));
}

/** Parse, Bind and Execute of one unnamed statement without parameters. No Sync. */
export function execute(sql: string): Buffer {
  return Buffer.concat([
    message("P", text(""), text(sql), int16(0)),
    message("B", text(""), text(""), int16(0), int16(0), int16(0)),
    message("E", text(""), int32(0)),
  ]);
}

/** Sends a CancelRequest with this key over a connection of its own; resolves when that is closed. */
export async function cancel(port: number, key: Buffer): Promise<void> {
  const client = await RawClient.connect(port);
  client.send(int32(12 + key.length - 4), int32(80_877_102), key);
  await client.until("never");
}

export const sync: Buffer = message("S");

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
