import type { Socket, TCPSocketListener } from "bun";
import { PosternError } from "./error.ts";
import type { Wire, WireSink } from "./wire.ts";

/** How long a closed connection may take to hand over what is still buffered without moving a byte. */
const lingerMs = 10_000;

const nothing: Buffer = Buffer.alloc(0);

/** A Wire over a TCP or unix socket of Bun's. */
export class SocketWire implements Wire {
  remote = "unknown";
  loopback = false;
  readonly encrypted = false;
  closed = false;
  backlog = 0;
  #socket: Socket<SocketWire> | undefined;
  #unread: Buffer = nothing;
  #unsent: Buffer[] = [];
  #sink: WireSink | undefined;
  #reader: { length: number; resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #timedOut = false;
  #ending = false;
  #linger: ReturnType<typeof setTimeout> | undefined;

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
    this.#socket = socket;
    socket.setNoDelay(true);
    this.remote = socket.remoteAddress ? `${socket.remoteAddress}:${socket.remotePort}` : "unix";
    this.loopback = isLoopback(socket.remoteAddress);
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
    this.#unsent = [];
    this.backlog = 0;
    this.#fail(wireClosed());
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close();
  }

  #take(length: number): Buffer {
    const bytes = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    if (this.#unread.length <= unreadLimit) this.#socket?.resume();
    return bytes;
  }

  #fail(error: Error): void {
    const reader = this.#reader;
    this.#reader = undefined;
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

const wireClosed = () => new PosternError("wire.closed", "The connection was closed.");
const wireTimeout = () => new PosternError("wire.timeout", "The other side took too long.");

const handlers = {
  data(socket: Socket<SocketWire>, chunk: Buffer) {
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

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Several processes share the port. */
  readonly shared?: boolean;
}

export interface WireListener {
  readonly port: number;
  stop(): void;
}

/** Throws PosternError `listen.failed` with address and cause. */
export function listenWires(options: ListenOptions, accept: (wire: Wire) => void): WireListener {
  // reusePort is missing from bun-types; a variable may carry it where a literal may not.
  const socketOptions = {
    hostname: options.host,
    port: options.port,
    reusePort: options.shared === true,
    socket: {
      ...handlers,
      open(socket: Socket<SocketWire>) {
        socket.data = new SocketWire();
        socket.data.opened(socket);
        accept(socket.data);
      },
    },
  };
  let listener: TCPSocketListener<SocketWire>;
  try {
    listener = Bun.listen<SocketWire>(socketOptions);
  } catch (cause) {
    throw new PosternError("listen.failed", `Cannot listen on ${options.host}:${options.port}: ${cause}`, {
      cause,
      hint: "Is another process on this port? Choose another one under `listen`.",
    });
  }
  return { port: listener.port, stop: () => listener.stop() };
}

export interface ConnectOptions {
  /** A name, an address, or the path of a unix socket. */
  readonly host: string;
  readonly port: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Throws PosternError `wire.unreachable` or `wire.timeout`. */
export async function connectWire(options: ConnectOptions): Promise<Wire> {
  const wire = new SocketWire();
  const where = `${options.host}:${options.port}`;
  let late = false;
  const socket = {
    ...handlers,
    open(opened: Socket<SocketWire>) {
      opened.data = wire;
      wire.opened(opened);
      if (late) opened.terminate();
    },
    connectError() {},
  };
  const connecting = options.host.startsWith("/")
    ? Bun.connect<SocketWire>({ unix: options.host, socket })
    : Bun.connect<SocketWire>({ hostname: options.host, port: options.port, socket });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(new PosternError("wire.timeout", `${where} did not answer in ${options.timeout} ms.`));
    }, options.timeout);
  });
  try {
    await Promise.race([connecting, timeout]);
  } catch (cause) {
    connecting.catch(() => {});
    if (cause instanceof PosternError) throw cause;
    throw new PosternError("wire.unreachable", `${where} cannot be reached.`, { cause });
  } finally {
    clearTimeout(timer);
  }
  return wire;
}

/** 127.0.0.0/8 and ::1, also written as an IPv4-mapped address. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || plain === "localhost" || /^127(\.\d{1,3}){3}$/.test(plain);
}
