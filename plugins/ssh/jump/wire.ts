import type { Connection, ServerChannel } from "ssh2";
import { PosternError, type TlsLink, type Wire, type WireSink } from "../../../core/plugin.ts";
import { congestion } from "../congestion.ts";

/** A channel inside of another SSH connection as a connection of its own. */
export class JumpWire implements Wire {
  readonly remote: string;
  readonly loopback: boolean;
  readonly encrypted = false;
  readonly gone: Promise<void>;
  closed = false;
  #sink: WireSink | undefined;

  constructor(
    readonly channel: ServerChannel,
    readonly connection: Connection,
    outer: Wire,
    /** The resource that the channel was opened to. */
    readonly target: string,
  ) {
    this.remote = outer.remote;
    this.loopback = outer.loopback;
    const gone = Promise.withResolvers<void>();
    this.gone = gone.promise;
    const over = () => {
      if (this.closed) return;
      this.closed = true;
      this.#sink?.close();
      gone.resolve();
    };
    channel.on("close", over);
    channel.on("error", over);
    channel.on("end", over);
    void outer.gone.then(over);
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

  /** No read waits here that a deadline could end; core's own time to authenticate counts. */
  deadline(): void {}

  stream(sink: WireSink): void {
    this.#sink = sink;
    this.channel.on("data", (view: Buffer) => sink.data(view));
    this.channel.on("drain", () => sink.drain());
    if (this.closed) sink.close();
  }

  /** The channel's window and the connection that carries it: either may be full. */
  write(bytes: Uint8Array): boolean {
    if (this.closed) return true;
    const taken = this.channel.write(bytes);
    const waits = congestion(this.connection);
    if (!taken || !waits) return taken;
    void waits.then(() => this.#sink?.drain());
    return false;
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
}
