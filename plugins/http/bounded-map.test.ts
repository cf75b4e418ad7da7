import { expect, test } from "bun:test";
import { responseText } from "./h1/encode.ts";
import { readFields } from "./h1/fields.ts";
import { incoming } from "./relay/incoming.ts";

const megabytes = () => {
  Bun.gc(true);
  return process.memoryUsage().rss / 1e6;
};

const route = { resource: "r", target: "/", byHost: true, prefix: "" };
const destination = { authority: "r", host: "r", port: 80, secure: false, base: "" };
const asked = { authority: "g", target: "/" };

test("of a head whose field names are known again, the rest is not kept", () => {
  const much = "a".repeat(60_000);
  const before = megabytes();
  for (let index = 0; index < 1000; index++) {
    const text = Buffer.from(`X-Field-Number-${index}: ${much}${index}`).toString("latin1");
    const fields = readFields(text, 0, { take: () => false });
    const head = incoming({ status: 200, reason: "OK", fields }, route, destination, asked);
    expect(responseText(head, 0, undefined).length).toBeGreaterThan(60_000);
  }
  // 60 MB of heads have come by.
  expect(megabytes() - before).toBeLessThan(40);
});
