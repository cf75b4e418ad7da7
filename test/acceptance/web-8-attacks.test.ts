import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebDoor } from "./web-door.ts";

/** What falls between the parts: a gateway whose resource, caller or approver is led astray by the other two. */

let door: WebDoor;
let upstream: Server;
/** What the resource answers with; every request that it has seen. */
let answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
  response.end("served");
const seen: IncomingMessage[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    seen.push(request);
    request.resume().on("end", () => answer(request, response));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const url = `url: "http://127.0.0.1:${port}"`;
  door = await WebDoor.open({
    plugins: ["approve", "env", "http", "mask"],
    words: ["group", "person"],
    resources: `
      api: http({ ${url}, credential: env("API_TOKEN") }),
      other: http({ ${url}, credential: env("API_TOKEN") }),
      masked: http({ ${url} }),
      careful: http({ ${url} }),
    `,
    rules: `
      { who: person("alice"), on: ["api", "other"], may: "all" },
      { who: person("alice"), on: "masked", may: "all", under: [mask({ answers: "document", fields: ["ssn"] })] },
      { who: person("alice"), on: "careful", may: "all", under: [approve({ by: group("leads"), within: "1m" })] },
    `,
    environment: { API_TOKEN: "canary-api-token" },
  });
});

afterAll(async () => {
  await door.close();
  upstream.closeAllConnections();
  upstream.close();
});

test("an approver is shown the fields that say what a body means, and none that log anybody in", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const sent = fetch(door.url("/careful/"), {
    method: "POST",
    headers: {
      authorization: `Bearer ${alice}`,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.DeleteTable",
      "x-api-key": "canary-of-alice",
      "x-forwarded-user": "somebody else",
      "user-agent": "curl",
    },
    body: '{"TableName":"orders"}',
  });
  const hold = await door.hold("POST /");
  const { stdout } = await door.postern("approvals", "show", hold);
  expect(stdout).toContain("DynamoDB_20120810.DeleteTable");
  expect(stdout).toContain("application/x-amz-json-1.0");
  expect(stdout).toContain("TableName");
  expect(stdout).toContain("x-api-key: (15 characters, not shown)");
  for (const hidden of [alice, "canary-of-alice", "somebody else", "curl"])
    expect(stdout).not.toContain(hidden);
  expect((await door.answer(hold, "approve", lead)).code).toBe(0);
  expect((await sent).status).toBe(200);
  expect(seen.at(-1)?.headers["x-amz-target"]).toBe("DynamoDB_20120810.DeleteTable");
});

test("without a body too", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const sent = fetch(door.url("/careful/files/a"), {
    method: "MOVE",
    headers: { authorization: `Bearer ${alice}`, destination: "/files/b", overwrite: "T" },
  });
  const hold = await door.hold("MOVE /files/a");
  const { stdout } = await door.postern("approvals", "show", hold);
  expect(stdout).toMatch(/destination: \/files\/b/i);
  expect((await door.answer(hold, "deny", lead)).code).toBe(0);
  expect((await sent).status).toBe(403);
});

test("a resource that leads to another one of the same origin leads nowhere", async () => {
  const authorization = `Bearer ${await door.token("alice")}`;
  for (const location of [door.url("/other/stolen"), "../other/stolen", "/../other/stolen"]) {
    const before = seen.length;
    answer = (_, response) => response.writeHead(307, { location }).end();
    const got = await fetch(door.url("/api/x"), {
      method: "POST",
      headers: { authorization },
      body: "secret",
    });
    expect([got.status, got.headers.get("location"), seen.length - before]).toEqual([307, null, 1]);
  }
});

test("what is masked for one is no cache's to share, and no hash of it leaves", async () => {
  const authorization = `Bearer ${await door.token("alice")}`;
  const tags: (string | undefined)[] = [];
  answer = (request, response) => {
    tags.push(request.headers["if-none-match"]);
    response.writeHead(200, {
      "content-type": "application/json",
      "cache-control": "public, s-maxage=600, max-age=60",
      etag: '"md5-of-the-whole"',
    });
    response.end('{"id":7,"ssn":"078-05-1120"}');
  };
  const got = await fetch(door.url("/masked/x"), {
    headers: { authorization, "if-none-match": '"md5-of-the-whole"' },
  });
  expect([got.status, await got.json()]).toEqual([200, { id: 7, ssn: "****" }]);
  expect([got.headers.get("etag"), got.headers.get("cache-control"), tags]).toEqual([
    null,
    "max-age=60, private",
    [undefined],
  ]);
});

test("bodies that wait take so much memory of one identity, and give it back", async () => {
  const authorization = `Bearer ${await door.token("alice")}`;
  const parted = new AbortController();
  const body = "x".repeat(800_000);
  const statuses: number[] = [];
  let refused = () => {};
  const some = new Promise<void>((resolve) => {
    refused = resolve;
  });
  const send = async () => {
    const { signal } = parted;
    const got = await fetch(door.url("/careful/big"), {
      method: "PUT",
      headers: { authorization },
      body,
      signal,
    });
    statuses.push(got.status);
    expect(await got.json()).toMatchObject({ status: 429, code: "limit.bodies" });
    refused();
  };
  const all = Promise.allSettled(Array.from({ length: 48 }, send));
  await some;
  parted.abort();
  await all;
  expect(statuses.length).toBeGreaterThan(0);
  expect(statuses.length).toBeLessThan(48);
  expect(new Set(statuses)).toEqual(new Set([429]));
  await door.until(
    "nothing waits any more",
    async () => (await door.json<unknown[]>("approvals", "list")).length === 0,
  );
  const lead = await door.token("lee", "leads");
  const last = fetch(door.url("/careful/last"), { method: "PUT", headers: { authorization }, body });
  expect((await door.answer(await door.hold("PUT /last"), "approve", lead)).code).toBe(0);
  expect((await last).status).toBe(200);
}, 60_000);

test("what stands in Authorization is never taken for a login cookie", async () => {
  const token = await door.token("alice");
  const before = seen.length;
  for (const scheme of ["Cookie", "cookie", "\u0001cookie"]) {
    const socket = await fetch(door.url("/api/"), { headers: { authorization: `${scheme} ${token}` } }).catch(
      () => undefined,
    );
    expect(socket?.status ?? 400).toBeWithin(400, 402);
  }
  expect(seen.length).toBe(before);
});
