import { afterEach, expect, test } from "bun:test";
import { isLoopback } from "./loopback.ts";
import { connectWire, listenWires, type WireListener } from "./socket.ts";
import type { Wire } from "./wire.ts";

let listener: WireListener;
afterEach(() => listener.stop());

/** Both ends of one connection. */
async function pair(): Promise<{ server: Wire; client: Wire }> {
  const accepted = Promise.withResolvers<Wire>();
  listener = listenWires({ host: "127.0.0.1", port: 0 }, accepted.resolve);
  const client = await connectWire({ host: "127.0.0.1", port: listener.port, timeout: 1_000 });
  return { server: await accepted.promise, client };
}

function collected(wire: Wire): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    wire.stream({
      data: (view) => void chunks.push(view),
      drain() {},
      close: () => resolve(Buffer.concat(chunks)),
    });
  });
}

test("reads exactly what is asked for, then streams the rest", async () => {
  const { server, client } = await pair();
  client.write(Buffer.from("hello world, and more"));
  expect((await server.read(5)).toString()).toBe("hello");
  expect((await server.read(7)).toString()).toBe(" world,");
  const rest = collected(server);
  client.write(Buffer.from("!"));
  client.end();
  expect((await rest).toString()).toBe(" and more!");
});

test("a read fails at end of file and past its deadline", async () => {
  const { server, client } = await pair();
  server.deadline(10);
  await expect(server.read(1)).rejects.toMatchObject({ code: "wire.timeout" });
  server.deadline(0);
  const read = server.read(1);
  client.end();
  await expect(read).rejects.toMatchObject({ code: "wire.closed" });
});

test("a piece longer than what may wait unread arrives whole, and so does what streams behind it", async () => {
  const { server, client } = await pair();
  const bytes = Buffer.alloc(1024 * 1024, 7);
  const whole = server.read(bytes.length);
  client.write(bytes);
  expect(Buffer.compare(await whole, bytes)).toBe(0);
  client.write(bytes);
  await server.read(1);
  expect((await server.read(bytes.length - 1)).length).toBe(bytes.length - 1);
  client.write(bytes);
  await server.read(1);
  const rest = collected(server);
  client.end();
  expect((await rest).length).toBe(bytes.length - 1);
});

test("takes more than the kernel does and delivers it in order", async () => {
  const { server, client } = await pair();
  const bytes = Buffer.alloc(8 * 1024 * 1024);
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(i, i);
  const arrived = collected(client);
  let whole = true;
  for (let at = 0; at < bytes.length; at += 65_536)
    whole = server.write(bytes.subarray(at, at + 65_536)) && whole;
  expect(whole).toBe(false);
  expect(server.backlog).toBeGreaterThan(0);
  server.end();
  expect(Buffer.compare(await arrived, bytes)).toBe(0);
});

test("says so when nobody listens", async () => {
  const { client } = await pair();
  client.end();
  listener.stop();
  const gone = connectWire({ host: "127.0.0.1", port: listener.port, timeout: 1_000 });
  await expect(gone).rejects.toMatchObject({ code: "wire.unreachable" });
});

test("a port that is taken is an error with the address", async () => {
  await pair();
  expect(() => listenWires({ host: "127.0.0.1", port: listener.port }, () => {})).toThrow(
    `127.0.0.1:${listener.port}`,
  );
});

test("knows loopback addresses", () => {
  for (const each of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "localhost"]) {
    expect(isLoopback(each)).toBe(true);
  }
  for (const each of ["10.0.0.1", "::", "0.0.0.0", "127.0.0.1.example.com", undefined]) {
    expect(isLoopback(each)).toBe(false);
  }
});
