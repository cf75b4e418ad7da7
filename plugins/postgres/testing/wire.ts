import { PosternError, type TlsLink, type Wire } from "../../../core/plugin.ts";

/** A Wire whose other end is the test: it feeds bytes and sees what was written. */
export class TestWire implements Wire {
  readonly remote = "127.0.0.1:1";
  readonly backlog = 0;
  readonly gone: Promise<void> = new Promise(() => {});
  whenGone: (() => void) | undefined;
  closed = false;
  ended = false;
  /** All that was written, in order. */
  sent: Buffer = Buffer.alloc(0);
  #unread: Buffer = Buffer.alloc(0);
  #reader: { length: number; resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;
  #written: () => void = () => {};

  constructor(
    readonly loopback = true,
    public encrypted = false,
    readonly tls?: TlsLink,
  ) {}

  feed(...parts: readonly Uint8Array[]): void {
    this.#unread = Buffer.concat([this.#unread, ...parts]);
    this.#serve();
  }

  /** End of file. */
  finish(): void {
    this.closed = true;
    this.#serve();
  }

  /** Resolves when at least `length` bytes have been written. */
  async wrote(length: number): Promise<Buffer> {
    while (this.sent.length < length) {
      await new Promise<void>((resolve) => {
        this.#written = resolve;
      });
    }
    return this.sent;
  }

  get unread(): number {
    return this.#unread.length;
  }

  putBack(bytes: Buffer): void {
    this.#unread = Buffer.concat([bytes, this.#unread]);
  }

  /** Resolves when `tls` is set: this wire encrypts nothing. */
  secure(): Promise<TlsLink> {
    if (!this.tls) return Promise.reject(new PosternError("tls.none", "This connection cannot turn to TLS."));
    this.encrypted = true;
    return Promise.resolve(this.tls);
  }

  read(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#reader = { length, resolve, reject };
      this.#serve();
    });
  }

  write(bytes: Uint8Array): boolean {
    this.sent = Buffer.concat([this.sent, bytes]);
    this.#written();
    return true;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
  }

  deadline(): void {}
  stream(): void {}
  pause(): void {}
  resume(): void {}

  #serve(): void {
    const reader = this.#reader;
    if (!reader) return;
    if (this.#unread.length >= reader.length) {
      this.#reader = undefined;
      reader.resolve(this.#unread.subarray(0, reader.length));
      this.#unread = this.#unread.subarray(reader.length);
    } else if (this.closed) {
      this.#reader = undefined;
      reader.reject(new PosternError("wire.closed", "The connection was closed."));
    }
  }
}
