import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { HttpClient } from "../../plugins/http/testing/client.ts";
import { WebDoor } from "./web-door.ts";
import { type Seen, WebUpstream } from "./web-upstream.ts";

/** Must hold 4: server-sent events and downloads pass as they come, masked or not, within bounds. */

const minutes = process.env.POSTERN_LONG ? 10 : 0;
const events = minutes ? 30_000 : 400;

let upstream: WebUpstream;
let door: WebDoor;
const clients: HttpClient[] = [];

beforeAll(async () => {
  upstream = await WebUpstream.start();
  const url = `"http://127.0.0.1:${upstream.port}"`;
  door = await WebDoor.open({
    plugins: ["http", "limit", "mask"],
    words: ["person"],
    resources: `plain: http({ url: ${url} }), masked: http({ url: ${url} }), bounded: http({ url: ${url} }), soon: http({ url: ${url} })`,
    rules: `
      { who: person("alice"), on: "plain", may: "all" },
      { who: person("alice"), on: "masked", may: "all", under: [mask({ answers: ["document", "stream"], detect: ["email"] })] },
      { who: person("alice"), on: "bounded", may: "all", under: [limit({ name: "few", rate: "2/1h", received: "1KB" })] },
      { who: person("alice"), on: "soon", may: "all", under: [limit({ name: "soon", statementTime: "300ms" })] },
    `,
    further: 'workers: 1, trail: "strict", always: [record()],',
  });
}, 60_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await door?.close();
  upstream?.stop();
});

async function connect(resource: string): Promise<HttpClient> {
  const client = await HttpClient.open(door.port, resource, await door.token("alice"));
  clients.push(client);
  return client;
}

async function streaming(resource: string): Promise<{ client: HttpClient; seen: Seen }> {
  const client = await connect(resource);
  const held = upstream.held();
  client.send("GET /held");
  const seen = await held;
  seen.response.setHeader("content-type", "text/event-stream");
  return { client, seen };
}

/** The answer's body so far has this; what is before it is taken. */
const next = (client: HttpClient, mark: string) => client.raw.until(mark);

for (const [resource, shown] of [
  ["plain", "ann@example.com"],
  ["masked", "****"],
] as const) {
  test(
    `${resource}: each of ${events} events is there before the next one is sent`,
    async () => {
      const { client, seen } = await streaming(resource);
      let all = "";
      for (let nth = 0; nth < events; nth++) {
        seen.response.write(`id: ${nth}\ndata: {"mail":"ann@example.com"}\n\n`);
        const came = await next(client, `"}\n\n`);
        expect(came).toContain(`id: ${nth}\n`);
        expect(came).toContain(shown);
        all += came;
        if (minutes) await Bun.sleep((minutes * 60_000) / events);
      }
      if (resource === "masked") expect(all).not.toContain("ann@example.com");
      seen.response.end();
      await next(client, "0\r\n\r\n");
    },
    (minutes + 1) * 60_000,
  );
}

test("a recording has the masked bytes that the caller saw, their number and their hash", async () => {
  const { client, seen } = await streaming("masked");
  seen.response.end('data: {"mail":"ann@example.com"}\n\n');
  const { body } = await client.answer();
  expect(body).toContain("****");
  const { session = "" } = door.entries("open").findLast(({ resource }) => resource === "masked") ?? {};
  const sha256 = createHash("sha256").update(body).digest("hex");
  await door.until("it is recorded", async () => {
    const { stdout } = await door.postern("sessions", "replay", session, "--speed", "0");
    expect(stdout).not.toContain("ann@example.com");
    return (
      stdout.includes(sha256) && stdout.includes(`bytes=${body.length}`) && stdout.includes("whole=true")
    );
  });
});

test("a caller that leaves an endless stream closes it at the resource, and the recording says that it was cut", async () => {
  const { client, seen } = await streaming("plain");
  const gone = new Promise((resolve) => seen.response.on("close", resolve));
  seen.response.write("data: one\n\n");
  await next(client, "data: one");
  client.close();
  await gone;
  const { session = "" } = door.entries("open").findLast(({ resource }) => resource === "plain") ?? {};
  await door.until("it is recorded as cut", async () =>
    (await door.postern("sessions", "replay", session, "--speed", "0")).stdout.includes("whole=false"),
  );
});

test("long polling: an answer that comes late comes, and trailers behind chunks do no harm", async () => {
  const { client, seen } = await streaming("plain");
  await Bun.sleep(1_000);
  seen.response.setHeader("trailer", "x-sum");
  seen.response.write("late");
  seen.response.addTrailers({ "x-sum": "1" });
  seen.response.end();
  expect(await next(client, "late")).toContain("200 OK");
  await next(client, "\r\n\r\n");
});

test("answers without a body leave the connection as it was", async () => {
  const client = await connect("plain");
  for (const status of [204, 304]) {
    const held = upstream.held();
    const answer = client.request("GET /held");
    (await held).response.writeHead(status).end();
    expect((await answer).status).toBe(status);
  }
  client.send("HEAD /bytes?n=5");
  expect(await client.raw.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 .*content-length: 5\r\n/is);
  expect((await client.request("GET /")).body).toBe("hello");
});

test("limit(): too often is 429, too much is 413 while it is uploaded, too long is 504", async () => {
  const client = await connect("bounded");
  client.send(`PUT /\n${"x".repeat(5_000)}`);
  const { status, body } = await client.answer();
  expect([status, JSON.parse(body).code]).toEqual([413, "limit.received"]);
  const again = await connect("bounded");
  const codes = [];
  for (let times = 0; times < 2; times++) codes.push((await again.request("GET /")).status);
  expect(codes).toEqual([200, 429]);
  const slow = await connect("soon");
  const held = upstream.held();
  const late = await slow.request("GET /held");
  expect([late.status, JSON.parse(late.body).code]).toEqual([504, "limit.statement-time"]);
  expect((await held).request.url).toBe("/held");
});
