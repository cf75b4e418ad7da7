import { constants, createDeflate, createInflate } from "node:zlib";
import { dictionary } from "./dictionary.ts";
import type { Pipe } from "./pipe.ts";

/** One stream of a SPDY connection, as the client opened it. */
export interface SpdyStream {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  write(bytes: Uint8Array): void;
  /** FIN: nothing more comes from here. */
  end(): void;
  onData(listener: (bytes: Buffer) => void): void;
  /** The client has no more to say, or is gone. */
  onEnd(listener: () => void): void;
}

const syn = 1;
const reply = 2;
const reset = 3;
const ping = 6;
const goAway = 7;
const fin = 1;

interface Held {
  readonly data: ((bytes: Buffer) => void)[];
  readonly end: (() => void)[];
  early: Buffer[];
  ended: boolean;
}

/** The server's end of SPDY/3.1 without flow control, as Kubernetes speaks it (moby/spdystream). */
export class SpdyEnd {
  private buffer: Buffer = Buffer.alloc(0);
  private readonly streams = new Map<number, Held>();
  private readonly inflate = createInflate({ dictionary, finishFlush: constants.Z_SYNC_FLUSH });
  private readonly deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  private turn: Promise<void> = Promise.resolve();
  private unpacked: Buffer[] = [];
  private packed: Buffer[] = [];

  constructor(
    private readonly pipe: Pipe,
    private readonly events: { stream(stream: SpdyStream): void; close(): void },
  ) {
    this.inflate.on("data", (bytes: Buffer) => this.unpacked.push(bytes));
    this.inflate.on("error", () => pipe.end());
    this.deflate.on("data", (bytes: Buffer) => this.packed.push(bytes));
    pipe.onData((bytes) => this.take(bytes));
    pipe.onClose(() => {
      this.turn = this.turn.then(() => this.over());
    });
  }

  /** Waits for what is under way, then ends the connection. */
  close(): void {
    this.turn = this.turn.then(() => {
      const body = Buffer.alloc(8);
      this.control(goAway, 0, body);
      this.pipe.end();
    });
  }

  private over(): void {
    for (const held of this.streams.values()) finish(held);
    this.events.close();
  }

  private take(bytes: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    while (this.buffer.length >= 8) {
      const length = this.buffer.readUInt32BE(4) & 0xffffff;
      if (this.buffer.length < 8 + length) return;
      const frame = Buffer.from(this.buffer.subarray(0, 8 + length));
      this.buffer = this.buffer.subarray(8 + length);
      // Frames keep their order, though headers are unpacked elsewhere.
      this.turn = this.turn.then(() => this.frame(frame));
    }
  }

  private async frame(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0;
    const body = frame.subarray(8);
    if ((frame[0] ?? 0) < 0x80) {
      const held = this.streams.get(frame.readUInt32BE(0));
      if (!held) return;
      if (body.length > 0) {
        if (held.data.length === 0) held.early.push(body);
        for (const listener of held.data) listener(body);
      }
      if (flags & fin) finish(held);
      return;
    }
    switch (frame.readUInt16BE(2)) {
      case syn:
        return this.opened(body, flags);
      case reset: {
        const held = this.streams.get(body.readUInt32BE(0));
        if (held) finish(held);
        return;
      }
      case ping:
        return this.control(ping, 0, body);
    }
  }

  private async opened(body: Buffer, flags: number): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const headers = headersOf(await this.unpack(body.subarray(10)));
    const held: Held = { data: [], end: [], early: [], ended: false };
    this.streams.set(id, held);
    const start = Buffer.alloc(4);
    start.writeUInt32BE(id);
    this.control(reply, 0, Buffer.concat([start, await this.pack(Buffer.alloc(4))]));
    let ended = false;
    const data = (bytes: Uint8Array, last: boolean) => {
      if (ended) return;
      const header = Buffer.alloc(8);
      header.writeUInt32BE(id);
      header.writeUInt32BE(((last ? fin : 0) << 24) | bytes.length, 4);
      this.pipe.write(Buffer.concat([header, bytes]));
    };
    this.events.stream({
      id,
      headers,
      write(bytes) {
        for (let offset = 0; offset < bytes.length; offset += 32_768)
          data(bytes.subarray(offset, offset + 32_768), false);
      },
      end() {
        data(new Uint8Array(), true);
        ended = true;
      },
      onData(listener) {
        held.data.push(listener);
        for (const bytes of held.early) listener(bytes);
        held.early = [];
      },
      onEnd(listener) {
        if (held.ended) listener();
        else held.end.push(listener);
      },
    });
    if (flags & fin) finish(held);
  }

  private control(type: number, flags: number, body: Buffer): void {
    const header = Buffer.alloc(8);
    header.writeUInt16BE(0x8003);
    header.writeUInt16BE(type, 2);
    header.writeUInt32BE((flags << 24) | body.length, 4);
    this.pipe.write(Buffer.concat([header, body]));
  }

  private async unpack(block: Buffer): Promise<Buffer> {
    this.unpacked = [];
    await new Promise<void>((resolve) => this.inflate.write(block, () => resolve()));
    await new Promise<void>((resolve) => this.inflate.flush(() => resolve()));
    return Buffer.concat(this.unpacked);
  }

  private async pack(block: Buffer): Promise<Buffer> {
    this.packed = [];
    await new Promise<void>((resolve) => this.deflate.write(block, () => resolve()));
    await new Promise<void>((resolve) => this.deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return Buffer.concat(this.packed);
  }
}

function finish(held: Held): void {
  if (held.ended) return;
  held.ended = true;
  for (const listener of held.end) listener();
}

/** Count, then length and text of each name and value. */
function headersOf(block: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  let offset = 4;
  const text = () => {
    const length = block.readUInt32BE(offset);
    const value = block.toString("latin1", offset + 4, offset + 4 + length);
    offset += 4 + length;
    return value;
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text();
    headers[name.toLowerCase()] = text();
  }
  return headers;
}
