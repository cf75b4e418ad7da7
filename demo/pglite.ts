import { createServer, type Socket } from "node:net";
import { PGlite } from "@electric-sql/pglite";

const sslRequest = 80877103;
const gssRequest = 80877104;
const cancelRequest = 80877102;

/**
 * PGlite behind PostgreSQL's protocol on a free port. It has one backend, so connections take turns:
 * one keeps it from its first message until the transaction is over.
 */
export async function startPglite() {
  const database = await PGlite.create();
  let turn: Promise<void> = Promise.resolve();
  const takeTurn = (): Promise<() => void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = turn;
    turn = promise;
    return before.then(() => resolve);
  };
  const server = createServer((socket) => serve(socket, database, takeTurn));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("PGlite has no port.");
  return {
    port: address.port,
    async sql(text: string): Promise<(string | null)[][]> {
      const done = await takeTurn();
      try {
        const results = await database.exec(text, { rowMode: "array" });
        const rows = (results.at(-1)?.rows ?? []) as unknown as unknown[][];
        return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
      } finally {
        done();
      }
    },
    async close(): Promise<void> {
      server.close();
      await database.close();
    },
  };
}

function serve(socket: Socket, database: PGlite, takeTurn: () => Promise<() => void>): void {
  let started = false;
  let done: (() => void) | undefined;
  const giveUp = () => {
    done?.();
    done = undefined;
  };
  const pending: Buffer[] = [];
  let working = false;
  socket.on("error", () => {});
  socket.on("close", giveUp);
  socket.on("data", (chunk: Buffer) => {
    pending.push(chunk);
    if (!working) void work();
  });

  async function work(): Promise<void> {
    working = true;
    let buffer: Buffer = Buffer.alloc(0);
    while (pending.length > 0) {
      buffer = Buffer.concat([buffer, ...pending.splice(0)]);
      for (let length = wholeMessage(buffer, started); length > 0; length = wholeMessage(buffer, started)) {
        await answer(buffer.subarray(0, length));
        buffer = buffer.subarray(length);
      }
      if (buffer.length > 0) await new Promise((resolve) => socket.once("data", resolve));
    }
    working = false;
  }

  async function answer(message: Buffer): Promise<void> {
    if (!started) {
      const code = message.readUInt32BE(4);
      if (code === sslRequest || code === gssRequest) return void socket.write("N");
      if (code === cancelRequest) return void socket.end();
      started = true;
    } else if (message[0] === 0x58) return void socket.end();
    done ??= await takeTurn();
    const reply = await database.execProtocolRaw(message);
    socket.write(reply);
    if (idle(reply)) giveUp();
  }
}

/** The length of the first message, 0 when it is not whole yet. The start-up packet has no type byte. */
function wholeMessage(buffer: Buffer, started: boolean): number {
  const head = started ? 1 : 0;
  if (buffer.length < head + 4) return 0;
  const length = head + buffer.readUInt32BE(head);
  return buffer.length >= length ? length : 0;
}

/** Whether the reply ends with a ReadyForQuery outside a transaction. */
function idle(reply: Uint8Array): boolean {
  const end = reply.length;
  return reply[end - 6] === 0x5a && reply[end - 1] === 0x49;
}
