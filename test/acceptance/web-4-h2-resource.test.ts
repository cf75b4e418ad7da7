import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postern } from "../postern.ts";
import { WebDoor } from "./web-door.ts";

/** Must hold 4: a resource that is asked for HTTP/2 under TLS speaks it, or is not spoken to. */

let folder: string;
let door: WebDoor;
let modern: Http2SecureServer;
let old: Server;
let login: { readonly authorization: string };
const seen: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-web-h2-"));
  const made = await postern(["certs", "--name", "localhost", "--out", folder]);
  if (made.code !== 0) throw new Error(made.stderr);
  const file = (name: string) => join(folder, name);
  const own = { cert: readFileSync(file("server.crt")), key: readFileSync(file("server.key")) };
  modern = createSecureServer(own, (request, response) => {
    seen.push(`${request.httpVersion} ${request.headers[":authority"]}`);
    response.end(`over ${request.httpVersion}`);
  });
  old = createServer(own, (_request, response) => {
    seen.push("old");
    response.end("never");
  });
  for (const server of [modern, old])
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server: Server | Http2SecureServer) => (server.address() as AddressInfo).port;
  const resource = (name: string, server: Server | Http2SecureServer) =>
    `${name}: http({ url: "https://localhost:${port(server)}", ca: "${file("ca.crt")}", http2: true })`;
  door = await WebDoor.open({
    plugins: ["http"],
    words: ["person"],
    resources: `${resource("modern", modern)}, ${resource("old", old)}`,
    rules: `{ who: person("alice"), on: ["modern", "old"], may: "all" }`,
  });
  login = { authorization: `Bearer ${await door.token("alice")}` };
}, 20_000);

afterAll(async () => {
  await door.close();
  modern.close();
  old.close();
  rmSync(folder, { recursive: true, force: true });
});

test("requests of HTTP/1.1 go on over HTTP/2, a hundred on one connection", async () => {
  const sessions = new Set<unknown>();
  modern.on("session", (session) => sessions.add(session));
  const texts = await Promise.all(
    Array.from({ length: 100 }, async (_, at) =>
      (await fetch(door.url(`/modern/${at}`), { headers: login })).text(),
    ),
  );
  expect(new Set(texts)).toEqual(new Set(["over 2.0"]));
  expect(seen[0]).toMatch(/^2\.0 localhost:\d+$/);
  expect(sessions.size).toBeLessThanOrEqual(2);
});

test("who does not agree on HTTP/2 gets nothing", async () => {
  const answer = await fetch(door.url("/old/"), { headers: login });
  expect([answer.status, await answer.json()]).toMatchObject([502, { code: "resource.tls" }]);
  expect(seen).not.toContain("old");
});

test("a WebSocket is not opened over it, and the caller learns why", async () => {
  const answer = await fetch(door.url("/modern/socket"), {
    headers: {
      ...login,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "x",
      "sec-websocket-version": "13",
    },
  });
  expect([answer.status, await answer.json()]).toMatchObject([501, { code: "http.upgrade" }]);
});
