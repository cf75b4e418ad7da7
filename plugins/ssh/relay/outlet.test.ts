import { afterAll, expect, test } from "bun:test";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Duplex, Readable } from "node:stream";
import ssh2, { type ClientChannel, type Connection, type ServerChannel } from "ssh2";
import { Random } from "../../../test/fuzz.ts";
import { opensshKey } from "../keys/openssh-key.ts";
import { Outlet } from "./outlet.ts";

const { Client, Server } = ssh2;
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

/** A channel of ssh2's own from end to end: what is written at the one, and what is read at the other. */
async function channel(): Promise<{
  near: ServerChannel;
  connection: Connection;
  far: ClientChannel;
  client: InstanceType<typeof Client>;
}> {
  const near = Promise.withResolvers<{ near: ServerChannel; connection: Connection }>();
  const server = new Server(
    { hostKeys: [opensshKey(generateKeyPairSync("ed25519").privateKey)] },
    (connection) => {
      connection.on("authentication", (context) => context.accept());
      connection.on("error", () => {});
      connection.on("session", (accept) => {
        accept().on("exec", (acceptExec) => near.resolve({ near: acceptExec(), connection }));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const client = new Client();
  const far = await new Promise<ClientChannel>((resolve, reject) => {
    client.on("ready", () => client.exec("x", (error, opened) => (error ? reject(error) : resolve(opened))));
    client.on("error", reject);
    const { port } = server.address() as AddressInfo;
    client.connect({ host: "127.0.0.1", port, username: "x", password: "x" });
  });
  closing.push(() => {
    client.end();
    server.close();
  });
  return { ...(await near.promise), far, client };
}

async function digestOf(stream: Readable): Promise<string> {
  const digest = createHash("sha256");
  let size = 0;
  for await (const bytes of stream) {
    digest.update(bytes as Buffer);
    size += (bytes as Buffer).length;
  }
  return `${size} ${digest.digest("hex")}`;
}

test("output and error output arrive as they were, also where both wait for the window", async () => {
  const { near, connection, far } = await channel();
  const random = new Random(7);
  const outlet = new Outlet(near, connection);
  const sent = { out: createHash("sha256"), error: createHash("sha256") };
  const sizes = { out: 0, error: 0 };
  let waited = 0;
  const writing = (async () => {
    for (let piece = 0; piece < 120; piece++) {
      const name = random.of(["out", "error"] as const);
      const bytes = random.bytes(100_000);
      sent[name].update(bytes);
      sizes[name] += bytes.length;
      // Several at once, as the two streams of a host are read.
      const waits = outlet.write(bytes, name === "error");
      if (waits) waited++;
      if (piece % 3 === 0) await waits;
    }
    await outlet.settled();
    near.end();
  })();
  const read = await Promise.all([digestOf(far), digestOf(far.stderr), writing]);
  expect(waited).toBeGreaterThan(10);
  expect(read.slice(0, 2)).toEqual([
    `${sizes.out} ${sent.out.digest("hex")}`,
    `${sizes.error} ${sent.error.digest("hex")}`,
  ]);
});

test("a write that waits is over when the channel closes", async () => {
  const { near, connection, far } = await channel();
  const outlet = new Outlet(near, connection);
  const waits = outlet.write(Buffer.alloc(8 * 1024 * 1024));
  expect(waits).toBeInstanceOf(Promise);
  far.close();
  near.resume();
  await waits;
  expect(outlet.write(Buffer.from("more"))).toBeUndefined();
});

test("while keys are exchanged nothing more is taken, up to their end", async () => {
  const { near, connection, far, client } = await channel();
  const outlet = new Outlet(near, connection);
  const { _sock: socket, _protocol: protocol } = client as unknown as {
    readonly _sock: Duplex;
    readonly _protocol: { rekey(): void };
  };
  protocol.rekey();
  // What the client says from now on waits, until it is let go on.
  const write = socket.write.bind(socket) as (bytes: Uint8Array) => boolean;
  const unsaid: Uint8Array[] = [];
  socket.write = ((bytes: Uint8Array) => unsaid.push(Buffer.from(bytes)) > 0) as Duplex["write"];
  await once(socket, "data");
  const waits = outlet.write(Buffer.from("one"));
  expect(waits).toBeInstanceOf(Promise);
  expect(outlet.write(Buffer.from("two"))).toBeInstanceOf(Promise);
  const { _queue: queue } = (connection as unknown as { readonly _protocol: { _queue: unknown[] } })
    ._protocol;
  expect(queue.length).toBe(1);
  socket.write = write as Duplex["write"];
  for (const bytes of unsaid) write(bytes);
  await outlet.settled();
  near.end();
  expect(await digestOf(far)).toStartWith("6 ");
});

test("who does not end an exchange of keys and goes leaves nobody waiting", async () => {
  const { near, connection, client } = await channel();
  const outlet = new Outlet(near, connection);
  const socket = (client as unknown as { readonly _sock: Duplex })._sock;
  (client as unknown as { readonly _protocol: { rekey(): void } })._protocol.rekey();
  socket.write = (() => true) as Duplex["write"];
  await once(socket, "data");
  const waits = outlet.write(Buffer.from("one"));
  socket.destroy();
  await waits;
});
