import type { TlsLink, Wire, WireSink } from "../../../../core/plugin.ts";

/** A wire without a socket, for fuzzers: what arrives is told at once, what leaves is kept. */
export class MemoryWire implements Wire {
  readonly remote = "memory";
  readonly loopback = true;
  readonly encrypted = false;
  readonly gone = new Promise<void>(() => {});
  whenGone: (() => void) | undefined;
  readonly backlog = 0;
  closed = false;
  written = "";
  #sink: WireSink | undefined;
  #unread: Buffer = Buffer.alloc(0);

  get unread(): number {
    return this.#unread.length;
  }

  /** A copy is told, since a view belongs to who receives it. */
  arrive(bytes: Uint8Array): void {
    if (!this.closed) this.#sink?.data(Buffer.from(bytes));
  }

  stream(sink: WireSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.closed) this.written += Buffer.from(bytes).toString("latin1");
    return true;
  }

  /** The other side closes. */
  finish(): void {
    if (this.closed) return;
    this.closed = true;
    this.#sink?.close();
  }

  end(): void {
    this.#sink = undefined;
    this.closed = true;
  }

  destroy(): void {
    this.finish();
  }

  putBack(bytes: Buffer): void {
    this.#unread = bytes;
  }

  read(): Promise<Buffer> {
    return Promise.reject(new Error("not over this wire"));
  }

  secure(): Promise<TlsLink> {
    return Promise.reject(new Error("not over this wire"));
  }

  deadline(): void {}
  pause(): void {}
  resume(): void {}
}
