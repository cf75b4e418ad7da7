import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A relay on the way that keeps every byte and can cut, and hand on one byte at a time. */
export class Tap {
  /** Connections so far, and those that are open now on the side that was dialed. */
  connections = 0;
  open = 0;
  /** Each byte is a write of its own. */
  chopped = false;
  readonly forth: Buffer[] = [];
  readonly back: Buffer[] = [];
  /** Called at each new connection. */
  connected: (() => void) | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly target: () => Address) {
    this.#server = createServer((near) => this.#join(near));
  }

  static async to(target: () => Address): Promise<Tap> {
    const tap = new Tap(target);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  get address(): Address {
    return { host: "127.0.0.1", port: (this.#server.address() as { port: number }).port };
  }

  /** What went to the target, what came back: latin1, a character a byte. */
  get sent(): string {
    return Buffer.concat(this.forth).toString("latin1");
  }

  get received(): string {
    return Buffer.concat(this.back).toString("latin1");
  }

  forget(): void {
    this.forth.length = 0;
    this.back.length = 0;
  }

  /** Both sides of every connection at once, as a killed host does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(near: Socket): void {
    this.connections++;
    this.open++;
    this.connected?.();
    const far = connect(this.target());
    far.once("close", () => this.open--);
    this.#pipe(near, far, this.forth);
    this.#pipe(far, near, this.back);
  }

  #pipe(from: Socket, to: Socket, kept: Buffer[]): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => from.destroy());
    from.once("close", () => {
      this.#sockets.delete(from);
      void turn.then(() => to.end());
    });
    let turn = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      kept.push(chunk);
      if (this.chopped) turn = turn.then(() => byByte(chunk, to));
      else turn = turn.then(() => void to.write(chunk));
    });
  }
}

async function byByte(chunk: Buffer, to: Socket): Promise<void> {
  for (let at = 0; at < chunk.length; at++) {
    to.write(chunk.subarray(at, at + 1));
    await new Promise(setImmediate);
  }
}
