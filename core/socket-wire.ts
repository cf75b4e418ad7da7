import type { Socket } from "bun";
import { arrived } from "./collect.ts";
import { isLoopback } from "./loopback.ts";
import { TlsClient } from "./tls/client.ts";
import type { SecureContext } from "./tls/files.ts";
import type { TlsLink } from "./tls/link.ts";
import type { TlsServer } from "./tls/server.ts";
import { linkOf, type TlsHandlers, type TlsSide, upgradeSocket } from "./tls/upgrade.ts";
import type { Alpn, Wire, WireSink } from "./wire.ts";
import { earlyData, handshakeFailed, noTls, wireClosed, wireTimeout } from "./wire-faults.ts";

/** How long a closed connection may take to hand over what is still buffered without moving a byte. */
const lingerMs = 10_000;

/** Silence on a connection after which the kernel asks whether the other side is still there. */
const keepAliveMs = 60_000;

const nothing: Buffer = Buffer.alloc(0);
const none: Buffer[] = [];

interface Handshake {
  readonly side: TlsSide;
  resolve(link: TlsLink): void;
  reject(error: unknown): void;
}

/** A Wire over a TCP or unix socket of Bun's. */
export class SocketWire implements Wire {
  remote = "unknown";
  loopback = false;
  tls: TlsLink | undefined;
  closed = false;
  backlog = 0;
  #socket: Socket<SocketWire> | undefined;
  #unread: Buffer = nothing;
  /** Only while there is any. */
  #unsent: Buffer[] = none;
  #sink: WireSink | undefined;
  #reader: { length: number; resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;
  #handshake: Handshake | undefined;
  /** TLS has begun, and its handshake is not done: nothing can be said to the other side. */
  #securing = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #timedOut = false;
  #ending = false;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #gone: PromiseWithResolvers<void> | undefined;
  whenGone: (() => void) | undefined;

  /** `server`: what this wire may turn to TLS with, on the side that was called. */
  constructor(readonly server?: () => TlsServer | undefined) {}

  get encrypted(): boolean {
    return this.tls !== undefined;
  }

  get gone(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.#gone ??= Promise.withResolvers();
    return this.#gone.promise;
  }

  get unread(): number {
    return this.#unread.length;
  }

  putBack(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([bytes, this.#unread]);
  }

  read(length: number): Promise<Buffer> {
    if (this.#unread.length >= length) return Promise.resolve(this.#take(length));
    if (this.closed) return Promise.reject(wireClosed());
    if (this.#timedOut) return Promise.reject(wireTimeout());
    return new Promise((resolve, reject) => {
      this.#reader = { length, resolve, reject };
      // It may have been paused at the limit, and this read needs more than that.
      if (this.#unread.length > unreadLimit) this.#socket?.resume();
    });
  }

  deadline(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#timedOut = false;
    if (ms === 0) return;
    this.#deadline = setTimeout(() => {
      this.#timedOut = true;
      this.#fail(wireTimeout());
    }, ms);
  }

  secure(as: TlsClient | Alpn): Promise<TlsLink> {
    if (this.closed) return Promise.reject(wireClosed());
    if (this.#timedOut) return Promise.reject(wireTimeout());
    const client = as instanceof TlsClient;
    const server = client ? undefined : this.server?.();
    const side = client ? as : server && { server, alpn: as.alpn };
    if (!this.#socket || !side || this.tls) return Promise.reject(noTls());
    const first = this.#unread;
    if (client && first.length > 0) return Promise.reject(earlyData());
    this.#unread = nothing;
    const { promise, resolve, reject } = Promise.withResolvers<TlsLink>();
    this.#handshake = { side, resolve, reject };
    this.#securing = true;
    const [plain, encrypted] = upgradeSocket(this.#socket, this, side, first, tlsHandlers);
    plain.data = deaf;
    this.#socket = encrypted;
    return promise;
  }

  stream(sink: WireSink): void {
    this.#sink = sink;
    const first = this.#unread;
    this.#unread = nothing;
    if (first.length > unreadLimit) this.#socket?.resume();
    if (first.length > 0) sink.data(first);
    if (this.closed) sink.close();
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.#ending) return true;
    let sent = 0;
    if (this.backlog === 0) {
      sent = Math.max(0, this.#socket?.write(bytes) ?? 0);
      if (sent === bytes.length) return true;
    }
    const rest = Buffer.from(bytes.subarray(sent));
    if (this.#unsent === none) this.#unsent = [];
    this.#unsent.push(rest);
    this.backlog += rest.length;
    return false;
  }

  pause(): void {
    if (!this.closed) this.#socket?.pause();
  }

  resume(): void {
    if (!this.closed) this.#socket?.resume();
  }

  end(): void {
    if (this.closed || this.#ending) return;
    if (this.#securing) return this.destroy();
    this.#ending = true;
    this.#sink = undefined;
    this.#socket?.resume();
    this.#armLinger();
    if (this.backlog === 0) this.#socket?.end();
  }

  destroy(): void {
    if (!this.closed) this.#socket?.terminate();
  }

  /** The socket's events, for the handlers below. */
  opened(socket: Socket<SocketWire>): void {
    // Nobody waits for it any more.
    if (this.closed) return void socket.terminate();
    this.#socket = socket;
    socket.setNoDelay(true);
    const { remoteAddress } = socket;
    // Who vanished without a word is noticed although nobody has anything to say.
    if (remoteAddress) socket.setKeepAlive(true, keepAliveMs);
    this.loopback = isLoopback(remoteAddress);
  }

  contextFor(name: string): SecureContext | undefined {
    const side = this.#handshake?.side;
    return side instanceof TlsClient ? undefined : side?.server.contextFor(name);
  }

  /** `fault`: what the other side's certificate does not prove. */
  shaken(socket: Socket<SocketWire>, done: boolean, fault: Error | null): void {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    if (!handshake || this.closed) return;
    const { side, resolve, reject } = handshake;
    if (side instanceof TlsClient ? !side.done(done, fault) : !done) {
      this.lost();
      return reject(handshakeFailed(fault));
    }
    this.#securing = false;
    // Also where it is refused: the refusal is said inside TLS.
    this.tls = linkOf(socket, side);
    try {
      (side instanceof TlsClient ? side : side.server).check(this.tls, fault);
      resolve(this.tls);
    } catch (error) {
      reject(error);
    }
  }

  received(chunk: Buffer): void {
    if (this.#ending) return;
    if (this.#sink) {
      this.#sink.data(chunk);
      return;
    }
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    const reader = this.#reader;
    if (reader && this.#unread.length >= reader.length) {
      this.#reader = undefined;
      reader.resolve(this.#take(reader.length));
    } else if (this.#unread.length > Math.max(unreadLimit, reader?.length ?? 0)) this.#socket?.pause();
  }

  drained(): void {
    while (this.#unsent.length > 0) {
      const head = this.#unsent[0] as Buffer;
      const sent = Math.max(0, this.#socket?.write(head) ?? 0);
      this.backlog -= sent;
      if (sent > 0 && this.#ending) this.#armLinger();
      if (sent < head.length) {
        this.#unsent[0] = head.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#ending) this.#socket?.end();
    else this.#sink?.drain();
  }

  lost(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#linger);
    this.#unsent = none;
    this.backlog = 0;
    this.#fail(wireClosed());
    this.#gone?.resolve();
    this.whenGone?.();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close();
  }

  #take(length: number): Buffer {
    const bytes = this.#unread.subarray(0, length);
    // An empty view would keep the bytes.
    this.#unread = length === this.#unread.length ? nothing : this.#unread.subarray(length);
    if (this.#unread.length <= unreadLimit) this.#socket?.resume();
    return bytes;
  }

  #fail(error: Error): void {
    const reader = this.#reader ?? this.#handshake;
    this.#reader = undefined;
    this.#handshake = undefined;
    reader?.reject(error);
  }

  #armLinger(): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.destroy(), lingerMs);
    this.#linger.unref();
  }
}

/** What a caller may send ahead of our reading it, before a session streams. */
const unreadLimit = 64 * 1024;

export const handlers = {
  data(socket: Socket<SocketWire>, chunk: Buffer) {
    arrived(chunk.length);
    socket.data.received(chunk);
  },
  drain(socket: Socket<SocketWire>) {
    socket.data.drained();
  },
  end(socket: Socket<SocketWire>) {
    socket.data.lost();
    socket.end();
  },
  close(socket: Socket<SocketWire>) {
    socket.data.lost();
  },
  error(socket: Socket<SocketWire>) {
    socket.data.lost();
    socket.terminate();
  },
};

const tlsHandlers: TlsHandlers<SocketWire> = {
  ...handlers,
  serverName: (wire, name) => wire.contextFor(name),
  handshake(socket, done, fault) {
    socket.data.shaken(socket, done, fault);
  },
};

/** Under TLS the plain socket tells of ciphertext, and of its end as the encrypted one does. */
class Deaf extends SocketWire {
  override received(): void {}
  override drained(): void {}
  override lost(): void {}
}
const deaf = new Deaf();
