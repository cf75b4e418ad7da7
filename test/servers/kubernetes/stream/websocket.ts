import { createHash } from "node:crypto";
import type { Pipe } from "./pipe.ts";

/** The answer to a client's key (RFC 6455, section 4.2.2). */
export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

const limit = 64 * 1024 * 1024;

/** The server's end of a WebSocket: whole messages in, frames out. */
export class WebSocketEnd {
  private buffer: Buffer = Buffer.alloc(0);
  private fragments: Buffer[] = [];
  private closed = false;

  constructor(
    private readonly pipe: Pipe,
    private readonly events: { message(bytes: Buffer, text: boolean): void; close(): void },
  ) {
    pipe.onData((bytes) => this.take(bytes));
    pipe.onClose(() => this.over());
  }

  send(bytes: Uint8Array, text = false): void {
    if (!this.closed) this.frame(text ? 1 : 2, bytes);
  }

  /** 1000: all is said. */
  close(code = 1000): void {
    if (this.closed) return;
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.frame(8, body);
    this.closed = true;
    this.pipe.end();
  }

  private over(): void {
    if (!this.closed) this.closed = true;
    this.events.close();
  }

  private frame(opcode: number, body: Uint8Array): void {
    const header = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
    header[0] = 0x80 | opcode;
    if (body.length < 126) header[1] = body.length;
    else if (body.length < 65_536) {
      header[1] = 126;
      header.writeUInt16BE(body.length, 2);
    } else {
      header[1] = 127;
      header.writeBigUInt64BE(BigInt(body.length), 2);
    }
    this.pipe.write(Buffer.concat([header, body]));
  }

  private take(bytes: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    for (;;) {
      const frame = this.next();
      if (frame === undefined) return;
      const { opcode, final, body } = frame;
      if (opcode === 8) return this.close();
      if (opcode === 9) this.frame(10, body);
      if (opcode > 2) continue;
      this.fragments.push(body);
      if (!final) continue;
      const message = Buffer.concat(this.fragments);
      this.fragments = [];
      this.events.message(message, opcode === 1);
    }
  }

  private next(): { opcode: number; final: boolean; body: Buffer } | undefined {
    const { buffer } = this;
    if (buffer.length < 2) return undefined;
    const [first = 0, second = 0] = buffer;
    let length = second & 0x7f;
    let offset = 2;
    if (length === 126) {
      if (buffer.length < 4) return undefined;
      length = buffer.readUInt16BE(2);
      offset = 4;
    } else if (length === 127) {
      if (buffer.length < 10) return undefined;
      length = Number(buffer.readBigUInt64BE(2));
      offset = 10;
    }
    if (length > limit || second < 0x80) {
      this.close(1002);
      return undefined;
    }
    if (buffer.length < offset + 4 + length) return undefined;
    const mask = buffer.subarray(offset, offset + 4);
    const body = Buffer.from(buffer.subarray(offset + 4, offset + 4 + length));
    for (let index = 0; index < body.length; index++)
      body[index] = (body[index] ?? 0) ^ (mask[index & 3] ?? 0);
    this.buffer = buffer.subarray(offset + 4 + length);
    return { opcode: first & 15, final: first >= 0x80, body };
  }
}

/** Binary messages as one stream of bytes: what SPDY runs in when it is tunnelled. */
export function tunnel(pipe: Pipe): Pipe {
  const data: ((bytes: Buffer) => void)[] = [];
  const closing: (() => void)[] = [];
  let early: Buffer[] = [];
  const socket = new WebSocketEnd(pipe, {
    message(bytes) {
      if (data.length === 0) early.push(bytes);
      for (const listener of data) listener(bytes);
    },
    close() {
      for (const listener of closing) listener();
    },
  });
  return {
    write: (bytes) => socket.send(bytes),
    onData(listener) {
      data.push(listener);
      for (const bytes of early) listener(bytes);
      early = [];
    },
    onClose: (listener) => void closing.push(listener),
    end: () => socket.close(),
  };
}
