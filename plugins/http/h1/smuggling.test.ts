import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { Exchange } from "../exchange.ts";
import { bytesOfRaw, refused, valid } from "./testing/corpus.ts";
import { answer, CallerRig, whole } from "./testing/rig.ts";

// test/fixtures/http-smuggling: what must never be understood in two ways, and what is odd and proper.
let served: Exchange[] = [];
let completed: string[][] = [];
const rig = new CallerRig((exchange) => {
  served.push(exchange);
  whole(exchange).then(
    ({ body }) => {
      completed.push([exchange.request.method, exchange.request.target, body.toString("latin1")]);
      answer(exchange, "served");
    },
    () => {},
  );
});
beforeEach(() => {
  served = [];
  completed = [];
});
afterAll(() => rig.stop());

test("the corpus is as large as it is meant to be", () => {
  expect(refused.length).toBeGreaterThanOrEqual(120);
  expect(valid.length).toBeGreaterThanOrEqual(40);
});

describe("refused, and the connection closed", () => {
  test.each(refused)("$name", async ({ raw, after }) => {
    const client = await rig.connect();
    client.send(bytesOfRaw(raw));
    const text = await client.end();
    client.close();
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text).toContain("\r\nConnection: close\r\n");
    // One answer: what stands behind the fault is not a request.
    expect(text.split("HTTP/1.1 ").length).toBe(2);
    expect(completed).toEqual([]);
    expect(served.length).toBe(after === "head" ? 1 : 0);
  });
});

describe("refused however it is cut on its way", () => {
  test.each(refused.filter(({ raw }) => bytesOfRaw(raw).length < 400))("$name", async ({ raw, after }) => {
    const client = await rig.connect();
    client.socket.setNoDelay(true);
    for (const byte of bytesOfRaw(raw)) {
      if (client.closed) break;
      client.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const text = await client.end();
    client.close();
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text.split("HTTP/1.1 ").length).toBe(2);
    expect(completed).toEqual([]);
    expect(served.length).toBe(after === "head" ? 1 : 0);
  });
});

describe("served, since it is proper", () => {
  test.each(valid)("$name", async ({ raw, served: wanted }) => {
    const client = await rig.connect();
    client.send(bytesOfRaw(raw));
    for (const _ of wanted) expect(await client.until("served")).toMatch(/^HTTP\/1\.1 200 /);
    client.close();
    expect(completed).toEqual(wanted.map((request) => [...request]));
  });
});
