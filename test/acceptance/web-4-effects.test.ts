import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebDoor } from "./web-door.ts";

/** What a request does is decided before anything of it is sent: by method, route, OpenAPI document or GraphQL. */

let door: WebDoor;
let upstream: Server;
const folder = mkdtempSync(join(tmpdir(), "postern-web-effects-"));
const seen: string[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url} ${Buffer.concat(parts).toString()}`);
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const openapi = join(folder, "api.yaml");
  const paths = "/users/{id}: { get: { operationId: getUser }, delete: { operationId: deleteUser } }";
  writeFileSync(openapi, `openapi: 3.1.0\nservers: [{ url: /v1 }]\npaths:\n  ${paths}\n`);
  const url = `url: "http://127.0.0.1:${port}"`;
  door = await WebDoor.open({
    plugins: ["approve", "http"],
    words: ["anyone", "group", "read", "write"],
    resources: `
      plain: http({ ${url}, routes: [{ method: "POST", path: "/search", effect: "read" }] }),
      documented: http({ ${url}, openapi: { file: ${JSON.stringify(openapi)}, only: true } }),
      graph: http({ ${url}, graphql: { path: "/graphql", fields: { "Mutation.deleteUser": "delete" } } }),
    `,
    rules: `
      { who: anyone, on: "plain", may: ["read"] },
      { who: anyone, on: "documented", may: [read("getUser")] },
      { who: anyone, on: "graph", may: ["read", write("Mutation.addNote")] },
      { who: anyone, on: "graph", may: ["delete"], under: [approve({ by: group("leads"), within: "1m" })] },
    `,
  });
}, 60_000);

afterAll(async () => {
  await door.close();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Status, and whether the resource saw anything. */
async function asked(path: string, { headers = {}, ...more }: Asked = {}): Promise<[number, boolean]> {
  const before = seen.length;
  const token = await door.token("alice");
  const answer = await fetch(door.url(path), {
    ...more,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  await answer.text();
  return [answer.status, seen.length > before];
}

const graphql = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  asked("/graph/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

describe("by method and route", () => {
  test.each([
    ["GET", "/plain/a", [200, true]],
    ["POST", "/plain/search", [200, true]],
    ["POST", "/plain/Search", [403, false]],
    ["POST", "/plain/other", [403, false]],
    ["GET", "/plain/a?_method=DELETE", [403, false]],
    ["PROPFIND", "/plain/a", [200, true]],
    ["COPY", "/plain/a", [403, false]],
  ] as const)("%s %s", async (method, path, expected) => {
    expect(await asked(path, { method })).toEqual([...expected]);
  });
});

test("by the operations of a document, and nothing else where that is all", async () => {
  expect(await asked("/documented/v1/users/7")).toEqual([200, true]);
  expect(await asked("/documented/v1/users/7", { method: "DELETE" })).toEqual([403, false]);
  expect(await asked("/documented/v1/secrets")).toEqual([403, false]);
  const [entry] = door.entries("operation").filter(({ text }) => text === "GET /v1/users/7");
  expect(entry?.actions).toEqual([{ effect: "read", on: "/v1/users/7", within: "getUser" }]);
});

describe("GraphQL", () => {
  test("a query passes, and its body reaches the resource as it was", async () => {
    const body = '{ "query": "{ users { id } }",\n "variables": {} }';
    expect(await graphql(body)).toEqual([200, true]);
    expect(seen.at(-1)).toBe(`POST /graphql ${body}`);
  });

  test("a mutation only where its field may be written", async () => {
    expect(await graphql({ query: "mutation { addNote { id } }" })).toEqual([200, true]);
    expect(await graphql({ query: "mutation { addUser { id } }" })).toEqual([403, false]);
    expect(await graphql([{ query: "{ me { id } }" }, { query: "mutation { addUser { id } }" }])).toEqual([
      403,
      false,
    ]);
  });

  test.each([
    ["a stored operation", { id: "4711" }],
    ["another name in Go's eyes", { query: "{ me { id } }", QUERY: "mutation { addUser { id } }" }],
    ["no GraphQL", { query: "{" }],
  ])("%s does not pass", async (_what, body) => {
    expect(await graphql(body)).toEqual([403, false]);
  });

  test("nor does what is in a coding, or in another form", async () => {
    expect(await graphql({ query: "{ me { id } }" }, { "content-encoding": "gzip" })).toEqual([403, false]);
    expect(await graphql("query={me{id}}", { "content-type": "application/x-www-form-urlencoded" })).toEqual([
      403,
      false,
    ]);
  });

  test("a name that is there twice is no request", async () => {
    expect(await graphql('{"query":"{ me { id } }","query":"mutation { addUser { id } }"}')).toEqual([
      400,
      false,
    ]);
  });

  test("whoever approves sees what it would do", async () => {
    const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
    const sent = fetch(door.url("/graph/graphql"), {
      method: "POST",
      headers: { authorization: `Bearer ${alice}`, "content-type": "application/json" },
      body: JSON.stringify({ query: "mutation { deleteUser(id: 7) { id } }" }),
    });
    const hold = await door.hold("POST /graphql: delete Mutation.deleteUser");
    expect((await door.postern("approvals", "show", hold)).stdout).toContain("deleteUser(id: 7)");
    expect((await door.answer(hold, "approve", lead)).code).toBe(0);
    expect((await sent).status).toBe(200);
  });
});
