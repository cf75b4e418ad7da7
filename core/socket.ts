import type { Socket, TCPSocketListener } from "bun";
import { PosternError } from "./error.ts";
import { handlers, SocketWire } from "./socket-wire.ts";
import type { TlsServer } from "./tls/server.ts";
import type { Wire } from "./wire.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Several processes share the port. */
  readonly shared?: boolean;
  /** What a wire may turn to TLS with, asked at each handshake. */
  readonly tls?: () => TlsServer | undefined;
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
        socket.data = new SocketWire(options.tls);
        socket.data.opened(socket);
        socket.data.remote = socket.remoteAddress ? `${socket.remoteAddress}:${socket.remotePort}` : "unix";
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

/** The same for all: what is made for each connection lives as long as it. */
const socket = {
  ...handlers,
  open(opened: Socket<SocketWire>) {
    opened.data.opened(opened);
  },
  connectError() {},
};

/** Throws PosternError `wire.unreachable` or `wire.timeout`. */
export async function connectWire(options: ConnectOptions): Promise<Wire> {
  const wire = new SocketWire();
  const where = `${options.host}:${options.port}`;
  const connecting = options.host.startsWith("/")
    ? Bun.connect<SocketWire>({ unix: options.host, data: wire, socket })
    : Bun.connect<SocketWire>({ hostname: options.host, port: options.port, data: wire, socket });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      wire.lost();
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
