import { expect, test } from "bun:test";
import type { Gate } from "../../core/plugin.ts";
import type { Asked } from "./dialect.ts";
import { requestText, responseText, writeRequest } from "./h1/encode.ts";
import { readFields } from "./h1/fields.ts";
import { Intake } from "./h1/intake.ts";
import { RequestHeads } from "./h1/request-heads.ts";
import type { RequestHead } from "./message.ts";
import { canonicalPath } from "./path.ts";
import { ExchangeRecord } from "./relay/exchange-record.ts";
import { incoming } from "./relay/incoming.ts";
import { routeOf } from "./route.ts";

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

test("of a request that is known again by its target, a method as long as a head is not kept", () => {
  const much = "M".repeat(60_000);
  const fields = ["Host", "a"];
  const into = Buffer.alloc(64 * 1024);
  const gate = { passed() {} } as unknown as Gate;
  const head = (method: string, target: string): RequestHead => ({
    ...{ method, target, authority: "a", version: "1.1", fields },
  });
  // Fields that were sent before: the next head with them is written without a text.
  requestText(head("GET", "/"), "none", undefined);
  const before = megabytes();
  for (let index = 0; index < 2000; index++) {
    const [method, target] = [`${much}${index}`, `/${index}/${"p".repeat(900)}`];
    expect(writeRequest(into, head(method, target))).toBeGreaterThan(60_000);
    const asked = { head: head(method, target), target, path: target, query: "" };
    new ExchangeRecord(gate, 1).request(asked as Asked);
    const intake = new Intake();
    intake.append(Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`));
    const read = new RequestHeads(64 * 1024).next(intake)?.head;
    expect(read?.target).toBe(target);
    routeOf(head("GET", read?.target ?? ""), {}, undefined);
    canonicalPath(read?.target ?? "");
  }
  // 120 MB of methods have come by.
  expect(megabytes() - before).toBeLessThan(60);
});
