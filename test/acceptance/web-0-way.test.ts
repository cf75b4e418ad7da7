import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebDoor } from "./web-door.ts";

/** The way of a request, before the points of the issue: who, which session, may it, what is kept of it. */

let door: WebDoor;
let upstream: Server;
const seen: { method: string; url: string; headers: string[]; body: string }[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.rawHeaders, body });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ owner: "joe@example.com", url: request.url, body }));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  door = await WebDoor.open({
    plugins: ["approve", "env", "http", "mask"],
    words: ["group", "person"],
    resources: `api: http({ url: "http://127.0.0.1:${port}", credential: env("API_TOKEN") }),
      site: http({ url: "http://127.0.0.1:${port}", hosts: ["site.example.com"] })`,
    rules: `
      { who: person("alice"), on: ["api", "site"], may: ["read"], under: [mask({ answers: ["document", "stream"], detect: ["email"] })] },
      { who: person("alice"), on: "api", may: ["write"], under: [approve({ by: group("leads"), within: "1m" })] },
    `,
    environment: { API_TOKEN: "canary-api-token" },
  });
});

afterAll(async () => {
  await door.close();
  upstream.close();
});

test("a request goes to its resource by the path, under the gateway's own credential", async () => {
  const token = await door.token("alice");
  const answer = await fetch(door.url("/api/users?all=1"), { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { owner: "****", url: "/users?all=1", body: "" },
  ]);
  const { headers } = seen.at(-1) ?? { headers: [] };
  expect(headers).toContain("Bearer canary-api-token");
  expect(headers.join(" ")).not.toContain(token);
});

test("who says nothing of who they are learns what to send", async () => {
  const answer = await fetch(door.url("/api/users"));
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="postern"');
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toMatchObject({ status: 401, code: "identity.required" });
});

test("who asks for a resource that has host names by its path learns how it is named, and reaches nothing", async () => {
  const headers = { authorization: `Bearer ${await door.token("alice")}` };
  const before = seen.length;
  const answer = await fetch(door.url("/site/users"), { headers });
  expect([answer.status, await answer.json()]).toEqual([
    404,
    expect.objectContaining({ code: "resource.unknown", hint: expect.stringContaining("`hosts`") }),
  ]);
  expect(seen.length).toBe(before);
});

test("what no rule allows is refused with rule and session, and the resource sees nothing of it", async () => {
  const token = await door.token("alice");
  const before = seen.length;
  const answer = await fetch(door.url("/api/users/7"), {
    method: "DELETE",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({
    code: "policy.denied",
    rule: expect.any(String),
    session: expect.stringMatching(/^ses_/),
  });
  expect(seen.length).toBe(before);
});

test("a write waits for a person, who is shown its body", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const sent = fetch(door.url("/api/notes"), {
    method: "POST",
    headers: { authorization: `Bearer ${alice}` },
    body: "remember the milk",
  });
  const hold = await door.hold("POST /notes");
  expect(seen.some(({ body }) => body.includes("milk"))).toBe(false);
  const { stdout } = await door.postern("approvals", "show", hold);
  expect(stdout).toContain("remember the milk");
  expect((await door.answer(hold, "approve", lead)).code).toBe(0);
  const answer = await sent;
  expect([answer.status, ((await answer.json()) as { body: string }).body]).toEqual([
    200,
    "remember the milk",
  ]);
});

test("requests of one identity from one address are one session, whatever connection brings them", async () => {
  const token = await door.token("bystander");
  const alice = await door.token("alice");
  const ask = () =>
    fetch(door.url("/api/x"), {
      headers: { authorization: `Bearer ${alice}`, connection: "close" },
    });
  await Promise.all([ask(), ask(), ask()]);
  const stranger = await fetch(door.url("/api/x"), { headers: { authorization: `Bearer ${token}` } });
  expect(stranger.status).toBe(403);
  const opened = door
    .entries("open")
    .filter(({ identity }) => identity.subject === "alice" && identity.credentialId !== undefined);
  const tokens = new Set(opened.map(({ identity }) => identity.credentialId));
  expect(opened.length).toBe(tokens.size);
});
