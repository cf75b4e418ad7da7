import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import refused from "../fixtures/http-smuggling/refused.json";
import valid from "../fixtures/http-smuggling/valid.json";
import { WebDoor } from "./web-door.ts";
import { exchangeRaw } from "./web-raw.ts";

/** Must hold 4: what is smuggled is answered with 4xx and a closed connection, and the resource sees nothing of it. */

let door: WebDoor;
let upstream: Server;
let token: string;
/** All bytes that reached the upstream, and how many connections brought them. */
let logged = "";
const sockets = new Set<Socket>();

beforeAll(async () => {
  upstream = createServer((socket) => {
    sockets.add(socket);
    let held = "";
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      logged += text;
      held += text;
      // Answers each request that is whole, as the simplest of servers would.
      for (let length = wholeRequest(held); length > 0; length = wholeRequest(held)) {
        held = held.slice(length);
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserved");
      }
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  door = await WebDoor.open({
    plugins: ["http"],
    words: ["person"],
    resources: `shop: http({ url: "http://127.0.0.1:${port}" })`,
    rules: `{ who: person("alice"), on: "shop", may: "all" }`,
    listener: `insecure: true, resource: "shop"`,
  });
  token = await door.token("alice");
});

afterAll(async () => {
  await door.close();
  for (const socket of sockets) socket.destroy();
  upstream.close();
});

type Raw = string | readonly (string | { readonly repeat: string; readonly times: number })[];

function textOf(raw: Raw): string {
  if (typeof raw === "string") return raw;
  return raw.map((part) => (typeof part === "string" ? part : part.repeat.repeat(part.times))).join("");
}

/** The same with a token that would be accepted, behind each request line that can hold one. */
function signedIn(raw: Raw): Buffer {
  const text = textOf(raw).replace(
    /^((?:\r\n)?[^\r\n]*HTTP\/1\.[01]\r\n)/,
    `$1Authorization: Bearer ${token}\r\n`,
  );
  return Buffer.from(text, "latin1");
}

describe("refused, and nothing of it seen upstream", () => {
  test("so many of them", () => expect(refused.length).toBeGreaterThanOrEqual(100));

  test.each(refused as readonly { name: string; raw: Raw; after?: string }[])("$name", async (each) => {
    logged = "";
    const text = await exchangeRaw(door.port, signedIn(each.raw));
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text.match(/HTTP\/1\.1 [1-5]\d\d /g)?.length).toBe(1);
    // Its head was proper where the fault is in the body: that is sent, and then breaks off.
    if (each.after === "head") expect(wholeRequest(logged)).toBe(0);
    else expect(logged).toBe("");
    expect(logged).not.toContain("/admin");
  });
});

/** Proper HTTP, of which the gateway says itself why it goes no further. */
const refusedSince: Readonly<Record<string, number>> = {
  // Ambiguous paths, and a target that names no path of the resource.
  "a URL as a path": 400,
  "two slashes": 400,
  "dots, percents and semicolons in the path": 400,
  "OPTIONS for the server": 400,
  "OPTIONS in absolute form without a path": 400,
  // What a resource echoes would be the gateway's own credential.
  "method TRACE": 405,
  // With the token they are beyond the limits.
  "128 fields": 431,
  "head of 60,000 bytes": 431,
};

describe("served, since it is proper", () => {
  test.each(valid as readonly { name: string; raw: Raw; served: readonly string[][] }[])(
    "$name",
    async ({ name, raw, served }) => {
      logged = "";
      const got = await exchangeRaw(door.port, eachSignedIn(textOf(raw), served.length), served.length);
      const statuses = got.match(/(?<=HTTP\/1\.1 )[2-5]\d\d /g)?.map(Number);
      expect(statuses).toEqual(served.map(() => refusedSince[name] ?? 200));
      expect(logged).not.toContain(token);
    },
  );
});

/** Each request shows the token; where a body looks like a request, it is between the first and the last. */
function eachSignedIn(text: string, requests: number): Buffer {
  const lines = [...text.matchAll(/[^\s]+ [^\r\n]* HTTP\/1\.[01]\r\n/g)].map(
    ({ index, 0: line }) => index + line.length,
  );
  const chosen = lines.length > requests ? [lines[0], lines.at(-1)] : lines;
  let at = 0;
  const parts = chosen.map((end = 0) => {
    const part = `${text.slice(at, end)}Authorization: Bearer ${token}\r\n`;
    at = end;
    return part;
  });
  return Buffer.from(parts.join("") + text.slice(at), "latin1");
}

/** Bytes of the request at the beginning, where all of it is there; 0 where it is not. */
function wholeRequest(text: string): number {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const head = text.slice(0, end).toLowerCase();
  const from = end + 4;
  if (head.includes("\r\ntransfer-encoding: chunked")) {
    const last = /\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(`\r\n${text.slice(from)}`);
    return last ? from + last.index + last[0].length - 2 : 0;
  }
  const [, length = "0"] = /\r\ncontent-length: (\d+)/.exec(head) ?? [];
  return text.length >= from + Number(length) ? from + Number(length) : 0;
}
