import type { Duplex } from "node:stream";
import { PosternError } from "./error.ts";
import type { TlsLink } from "./tls/link.ts";
import type { Wire, WireSink } from "./wire.ts";

/** A connection inside of another (an SSH channel, a stream of HTTP/2) as a connection of its own. It is only ever streamed. */
export class DuplexWire implements Wire {
  readonly remote: string;
  readonly loopback: boolean;
  readonly gone: Promise<void>;
  whenGone: (() => void) | undefined;
  closed = false;
  protected sink: WireSink | undefined;
  readonly #gone = Promise.withResolvers<void>();

  constructor(
    readonly channel: Duplex,
    outer: Wire,
    readonly encrypted: boolean,
  ) {
    this.remote = outer.remote;
    this.loopback = outer.loopback;
    this.gone = this.#gone.promise;
    for (const event of ["close", "error", "end"]) channel.on(event, () => this.over());
  }

  get backlog(): number {
    return this.channel.writableLength;
  }

  get unread(): number {
    return this.channel.readableLength;
  }

  read(): Promise<Buffer> {
    return Promise.reject(new PosternError("wire.closed", "This connection is read as a stream."));
  }

  putBack(bytes: Buffer): void {
    this.channel.unshift(bytes);
  }

  secure(): Promise<TlsLink> {
    return Promise.reject(new PosternError("tls.none", "A connection inside of another cannot turn to TLS."));
  }

  /** No read waits here that a deadline could end; core's own time to authenticate counts. */
  deadline(): void {}

  stream(sink: WireSink): void {
    this.sink = sink;
    this.channel.on("data", (view: Buffer) => sink.data(view));
    this.channel.on("drain", () => sink.drain());
    if (this.closed) sink.close();
  }

  write(bytes: Uint8Array): boolean {
    // A stream keeps what it is given until it has gone, and whoever writes uses the memory again.
    return this.closed || this.channel.write(Buffer.from(bytes));
  }

  pause(): void {
    this.channel.pause();
  }

  resume(): void {
    this.channel.resume();
  }

  end(): void {
    if (!this.closed) this.channel.end();
  }

  destroy(): void {
    this.channel.destroy();
  }

  /** Nothing follows, whichever side or layer says so first. */
  protected over(): void {
    if (this.closed) return;
    this.closed = true;
    this.sink?.close();
    this.#gone.resolve();
    this.whenGone?.();
  }
}
