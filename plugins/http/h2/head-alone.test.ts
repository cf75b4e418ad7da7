import { afterEach, expect, test } from "bun:test";
import type { Exchange } from "../exchange.ts";
import { frameFlags, frameTypes } from "./frames.ts";
import { frame, request } from "./testing/frame.ts";
import { H2Rig } from "./testing/rig.ts";

let rig: H2Rig;
afterEach(() => rig.stop());

const { headers } = frameTypes;
const ended = frameFlags.endHeaders | frameFlags.endStream;

test.each([
  ["a redirect without a body", "GET", 302, 0],
  ["an answer that has none", "GET", 204, "none"],
  ["an answer to HEAD", "HEAD", 200, 7],
] as const)("the head is all of the answer, and nobody has gone: %s", async (_, method, status, length) => {
  const arrived = Promise.withResolvers<Exchange>();
  rig = new H2Rig(arrived.resolve);
  const client = await rig.connect();
  client.send(frame(headers, ended, 1, request(method, "/")));
  const exchange = await arrived.promise;
  await client.roundTrip();
  const heard: string[] = [];
  exchange.gone = () => void heard.push("gone");
  exchange.respond({ status, reason: "", fields: [] }, length);
  heard.push("told");
  expect((await client.of(headers, 1))?.flags).toBe(ended);
  await client.roundTrip();
  exchange.end();
  await client.roundTrip();
  expect(heard).toEqual(["told"]);
});
