import type { Duplex } from "node:stream";
import type { Client, Connection } from "ssh2";

/** Milliseconds that the other side may take for new keys while something waits to be sent. */
const longestExchange = 30_000;

/** What of ssh2's connection says whether more can be sent. */
interface Sending {
  readonly _sock: Duplex;
  /** `_kexinit`: set while keys are exchanged. All messages wait in memory then. */
  readonly _protocol: { readonly _kexinit: Buffer | undefined };
}

const congested = new WeakMap<Duplex, Promise<void>>();

/**
 * A promise: nothing more should be sent on this connection until it is kept. ssh2 writes to its socket whatever the
 * socket says, and while keys are exchanged it keeps all that is written: a window may be as wide as its owner likes,
 * and an exchange need never end. Never rejects.
 */
export function congestion(connection: Connection | Client): Promise<void> | undefined {
  const { _sock: socket, _protocol: protocol } = connection as unknown as Sending;
  const exchanging = protocol._kexinit !== undefined;
  if (!exchanging && !socket.writableNeedDrain) return undefined;
  const known = congested.get(socket);
  if (known) return known;
  const over = exchanging ? exchanged(connection, socket) : drained(socket);
  congested.set(socket, over);
  void over.then(() => congested.delete(socket));
  return over;
}

function drained(socket: Duplex): Promise<void> {
  return new Promise<void>((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

/** Who begins an exchange and does not end it is cut off. */
function exchanged(connection: Connection | Client, socket: Duplex): Promise<void> {
  return new Promise<void>((resolve) => {
    const cut = setTimeout(() => socket.destroy(), longestExchange);
    const done = () => {
      clearTimeout(cut);
      connection.off("handshake", done);
      socket.off("close", done);
      resolve();
    };
    connection.on("handshake", done);
    socket.on("close", done);
  });
}
