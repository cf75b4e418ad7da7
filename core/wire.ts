import type { TlsClient } from "./tls/client.ts";
import type { TlsLink } from "./tls/link.ts";

/**
 * One byte stream to a caller or a resource. First it is read piece by piece (start-up,
 * authentication), then `stream` hands every further chunk to the pump.
 */
export interface Wire {
  /** `127.0.0.1:54321`, where it came to us. */
  readonly remote: string;
  readonly loopback: boolean;
  readonly encrypted: boolean;
  /** What TLS agreed on; undefined in clear. */
  readonly tls?: TlsLink | undefined;
  readonly closed: boolean;
  /** Kept once the connection is closed, by whichever side. */
  readonly gone: Promise<void>;
  /** Called once when it closes, by whichever side; unlike `gone` it can be taken back, and then keeps nothing. */
  whenGone: (() => void) | undefined;
  /** Bytes accepted by `write` that the kernel has not taken yet. */
  readonly backlog: number;
  /** Exactly `length` bytes, or a rejection: `wire.closed` at end of file, `wire.timeout` past `deadline`. */
  read(length: number): Promise<Buffer>;
  /** Bytes that have arrived and that nobody has read. */
  readonly unread: number;
  /** What was read and is to be read again. */
  putBack(bytes: Buffer): void;
  /**
   * Turns to TLS: as the client, or as the server with the listener's certificates and the protocols
   * that are taken where the caller offers some (ALPN), the preferred one first. What is unread is the beginning of the caller's handshake.
   * Rejects with `tls.none` (the listener has no certificates), `tls.handshake`, `tls.early`,
   * `tls.client-certificate`, `tls.server-certificate`, and as `read` does.
   */
  secure(as: TlsClient | Alpn): Promise<TlsLink>;
  /** Milliseconds from now for all further `read`s and the handshake together; 0 lifts it. */
  deadline(ms: number): void;
  /** From now on all that arrives goes to `sink`, what was already buffered first. */
  stream(sink: WireSink): void;
  /** Takes all bytes (copies what the kernel does not take at once). False: wait for `sink.drain`. */
  write(bytes: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  /** Sends what is buffered, then closes. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

/** What a server takes of the protocols that a caller offers. */
export interface Alpn {
  readonly alpn: string | readonly string[];
}

export interface WireSink {
  /** The view belongs to the receiver. */
  data(view: Buffer): void;
  drain(): void;
  /** End of file or error; nothing follows. */
  close(): void;
}
