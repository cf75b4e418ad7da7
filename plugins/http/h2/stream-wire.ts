import type { Duplex } from "node:stream";
import { PosternError, type TlsLink, type Wire, type WireSink } from "../../../core/plugin.ts";

/** One stream of an HTTP/2 connection as a connection of bytes, behind an extended CONNECT (RFC 8441). */
export class StreamWire implements Wire {
  readonly remote: string;
  readonly loopback: boolean;
  readonly encrypted: boolean;
  readonly gone: Promise<void>;
  closed = false;
  #sink: WireSink | undefined;

  constructor(
    readonly channel: Duplex,
    outer: Wire,
  ) {
    this.remote = outer.remote;
    this.loopback = outer.loopback;
    this.encrypted = outer.encrypted;
    const gone = Promise.withResolvers<void>();
    this.gone = gone.promise;
    const over = () => {
      if (this.closed) return;
      this.closed = true;
      this.#sink?.close();
      gone.resolve();
    };
    for (const event of ["close", "error", "end", "aborted"]) channel.on(event, over);
  }

  get backlog(): number {
    return this.channel.writableLength;
  }

  /** It is streamed from its first byte on: nothing is read piece by piece. */
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

  /** No read waits here that a deadline could end. */
  deadline(): void {}

  stream(sink: WireSink): void {
    this.#sink = sink;
    this.channel.on("data", (view: Buffer) => sink.data(view));
    this.channel.on("drain", () => sink.drain());
    if (this.closed) sink.close();
  }

  write(bytes: Uint8Array): boolean {
    return this.closed || this.channel.write(Buffer.from(bytes));
  }

  pause(): void {
    this.channel.pause();
  }

  resume(): void {
    this.channel.resume();
  }

  end(): void {
    if (!this.channel.writableEnded) this.channel.end();
  }

  destroy(): void {
    // With an error: the library would end the stream in good order where there is none.
    this.channel.destroy(new Error("given up"));
  }
}
