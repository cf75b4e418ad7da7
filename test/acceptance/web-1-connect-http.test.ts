import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Printed, postern } from "../postern.ts";
import { WebDoor } from "./web-door.ts";

/** `postern connect api -- curl …`: signed in at the gateway, and nowhere else. */

let door: WebDoor;
let service: Server;
let stranger: Server;
let token: string;
const seen: { readonly at: string; readonly authorization: string | undefined }[] = [];

beforeAll(async () => {
  const start = async (at: string) => {
    const server = createServer((request, response) => {
      seen.push({ at, authorization: request.headers.authorization });
      response.end(at);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
  };
  [service, stranger] = [await start("service"), await start("stranger")];
  door = await WebDoor.open({
    plugins: ["http", "env"],
    words: ["person"],
    resources: `api: http({ url: "http://127.0.0.1:${portOf(service)}", credential: env("API_TOKEN") })`,
    rules: `{ who: person("alice"), on: "api", may: ["read"] }`,
    environment: { API_TOKEN: "canary-api-token" },
  });
  token = await door.token("alice");
});
afterAll(async () => {
  await door?.close();
  service?.close();
  stranger?.close();
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function connect(...args: string[]): Promise<Printed> {
  return postern(["connect", "--data", door.data, "api", ...args], { POSTERN_TOKEN: token });
}

test("curl asks the gateway as the person, and the service gets the gateway's own login", async () => {
  const { code, stdout } = await connect("--", "sh", "-c", 'curl -sS "$POSTERN_URL/users"');
  expect([code, stdout]).toEqual([0, "service"]);
  expect(seen.at(-1)).toEqual({ at: "service", authorization: "Bearer canary-api-token" });
  expect(door.entries("open").at(-1)?.identity).toMatchObject({ subject: "alice", resource: "api" });
});

test("another host gets none of it", async () => {
  const { stdout } = await connect("--", "curl", "-sS", `http://localhost:${portOf(stranger)}/`);
  expect(stdout).toBe("stranger");
  expect(seen.at(-1)).toEqual({ at: "stranger", authorization: undefined });
});

test("the password is on no command line and in no variable, and its file goes", async () => {
  const script = 'env; cat "$NETRC"; cat /proc/$PPID/cmdline | tr "\\0" " "; echo; echo "$CURL_HOME"';
  const { stdout } = await connect("--", "sh", "-c", script);
  const [, password = "none"] = /^machine 127\.0\.0\.1 login pc_\w+ password (\S+)$/m.exec(stdout) ?? [];
  expect(stdout.split(password)).toHaveLength(2);
  const folder = stdout.trim().split("\n").at(-1) ?? "/";
  expect(await Bun.file(`${folder}/netrc`).exists()).toBe(false);
});

test("without a command it says where", async () => {
  expect((await connect()).stdout).toBe(`http://127.0.0.1:${door.port}/api\n`);
  const { code, stderr } = await connect("--write");
  expect([code, stderr]).toEqual([2, expect.stringContaining("no place to write")]);
});
