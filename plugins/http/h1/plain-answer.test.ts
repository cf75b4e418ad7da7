import { describe, expect, test } from "bun:test";
import { asCorpus, mutated, Random, seeds } from "../../../test/fuzz.ts";
import type { WholeSink } from "../exchange.ts";
import { fieldOf } from "../message.ts";
import { forOneCallerOf } from "../relay/caching.ts";
import { incoming, passesAsItIs } from "../relay/incoming.ts";
import { responseText } from "./encode.ts";
import { Fault } from "./fault.ts";
import { PlainAnswer } from "./plain-answer.ts";
import { parseResponse } from "./response-head.ts";

/*
 * What is handed on without being read must be what reading it would have made of it. The other way round need not hold:
 * what is unusual is read.
 */

const sink: WholeSink = {
  takesWhole: () => true,
  passes: passesAsItIs,
  caching: forOneCallerOf,
  maySee: () => true,
  whole() {},
};
const plain = new PlainAnswer();

interface Made {
  readonly status: number;
  readonly type: string;
  readonly bytes: string;
  readonly body: string;
}

function endOfHead(bytes: Buffer): number {
  const found = bytes.indexOf("\r\n\r\n");
  return found < 0 ? -1 : found + 4;
}

function plainly(bytes: Buffer): Made | undefined {
  const end = endOfHead(bytes);
  if (end < 0 || !plain.read(bytes, 0, end, sink)) return undefined;
  const { status, type, bytes: made, body } = plain;
  return {
    status,
    type,
    bytes: Buffer.from(made).toString("latin1"),
    body: Buffer.from(body).toString("latin1"),
  };
}

/** As an answer to GET, all of which came at once, leaves after it was read; undefined: it is no such answer. */
function read(bytes: Buffer): Made | undefined {
  const end = endOfHead(bytes);
  try {
    const { head, length, body, persistent } = parseResponse(bytes.latin1Slice(0, end - 4), "GET");
    if (head.status < 200 || typeof body !== "number" || !persistent) return undefined;
    if (bytes.length - end !== body) return undefined;
    const destination = { secure: false, authority: "r", base: "/b" } as Parameters<typeof incoming>[2];
    const route = { resource: "r", target: "/", byHost: false, prefix: "/r" };
    const own = incoming(head, route, destination, { authority: "g", target: "/r/" });
    const rest = bytes.toString("latin1", end);
    return {
      status: head.status,
      type: fieldOf(own.fields, "content-type") ?? "",
      bytes: responseText(own, length, undefined) + rest,
      body: rest,
    };
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

const usual = [
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 09:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 3\r\nConnection: keep-alive\r\nETag: "a"\r\n\r\nabc',
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain; charset=utf-8\r\nCONTENT-LENGTH: 4\r\nKeep-Alive: timeout=5\r\n\r\ngone",
  "HTTP/1.1 201 \r\nCache-Control: no-store\r\nContent-Length: 1\r\nX-Request-Id: 9\r\n\r\n.",
  "HTTP/1.1 200 OK\r\ncache-control: public, max-age=60\r\nContent-Length: 2\r\nAccess-Control-Allow-Credentials: true\r\nX-Dns-Prefetch-Control: off\r\n\r\nok",
  "HTTP/1.1 500 \x80\xff\r\nContent-Length: 2\r\nX: \x80\xff\t y\r\n\r\nno",
].map((text) => Buffer.from(text, "latin1"));

test.each(usual.map((bytes) => [bytes.toString("latin1", 0, 60), bytes] as const))(
  "taken: %p",
  (_, bytes) => {
    const made = plainly(bytes);
    expect(made).toBeDefined();
    expect(made).toEqual(read(bytes) as Made);
  },
);

const head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n";
const left: readonly (readonly [why: string, text: string])[] = [
  ["more behind it", `${head}\r\nabcHTTP/1.1`],
  ["not all there", `${head}\r\nab`],
  ["two lengths", `${head}Content-Length: 3\r\n\r\nabc`],
  ["two lengths that differ in case", `${head}content-length: 3\r\n\r\nabc`],
  ["a length and chunks", `${head}Transfer-Encoding: chunked\r\n\r\nabc`],
  ["chunks, oddly written", `${head}tRANSFER-eNCODING: chunked\r\n\r\nabc`],
  ["a space before a colon", `${head}Transfer-Encoding : chunked\r\n\r\nabc`],
  ["a folded line", `${head}X: y\r\n z\r\n\r\nabc`],
  ["a line feed alone", `${head}X: y\nTransfer-Encoding: chunked\r\n\r\nabc`],
  ["a carriage return alone", `${head}X: y\rTransfer-Encoding: chunked\r\n\r\nabc`],
  ["NUL", `${head}X: \0\r\n\r\nabc`],
  ["no name", `${head}: x\r\n\r\nabc`],
  ["no value", `${head}X: \r\n\r\nabc`],
  ["no space", `${head}X:y\r\n\r\nabc`],
  ["a tab behind a value", `${head}Keep-Alive: x\t\r\n\r\nabc`],
  ["the last answer", `${head}Connection: close\r\n\r\nabc`],
  ["a field that it takes away", `${head}Connection: keep-alive, x-y\r\nX-Y: z\r\n\r\nabc`],
  ["an upgrade", `${head}Upgrade: websocket\r\n\r\nabc`],
  ["a trailer", `${head}Trailer: x\r\n\r\nabc`],
  ["another host", `${head}Host: a\r\n\r\nabc`],
  ["somewhere else", `${head}Location: /x\r\n\r\nabc`],
  ["somewhere else as well", `${head}Content-Location: /x\r\n\r\nabc`],
  ["a cookie", `${head}Set-Cookie: a=b\r\n\r\nabc`],
  ["another service", `${head}Alt-Svc: h3\r\n\r\nabc`],
  ["caches of a kind", `${head}CDN-Cache-Control: public\r\n\r\nabc`],
  ["caches of one's own", `${head}my-cdn-cache-control: public\r\n\r\nabc`],
  ["surrogates", `${head}Surrogate-Control: max-age=9\r\n\r\nabc`],
  ["nginx's own", `${head}X-Accel-Redirect: /x\r\n\r\nabc`],
  ["two of caching", `${head}Cache-Control: a\r\nCache-Control: b\r\n\r\nabc`],
  ["much of caching, which would grow", `${head}Cache-Control: ${"a,".repeat(12_000)}b\r\n\r\nabc`],
  ["a length of sixteen digits", "HTTP/1.1 200 OK\r\nContent-Length: 0000000000000003\r\n\r\nabc"],
  ["a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc"],
  ["no length", "HTTP/1.1 200 OK\r\n\r\n"],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
  ["an answer that is not the last one", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"],
  ["no content", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"],
  ["nothing new", "HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"],
  ["no reason, nor its space", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"],
  ["a control character in the reason", "HTTP/1.1 200 \x01\r\nContent-Length: 0\r\n\r\n"],
  ["a status of six hundred", "HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n"],
  ["too many fields", `${head}${"X: y\r\n".repeat(128)}\r\nabc`],
  ["a long one", `HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${"a".repeat(40_000)}`],
];

test.each(left)("left to be read: %s", (_, text) => {
  expect(plainly(Buffer.from(text, "latin1"))).toBeUndefined();
});

const pieces = [
  ...["\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", ":", ": ", ",", "\0", "\x7f", "\xff", "3", "-", "A"],
  ...[
    "Content-Length: 3\r\n",
    "content-length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
  ],
  ...["Connection: keep-alive\r\n", "Cache-Control: public\r\n", "Set-Cookie: a=b\r\n", "Location: /\r\n"],
  ...[
    "X-Accel-Expires: 0\r\n",
    "Edge-Control: x\r\n",
    "Content-Type: a/b\r\n",
    "ETag: x\r\n",
    "HTTP/1.1 ",
    "204",
    "304",
  ],
] as const;

describe("what is taken is what reading makes of it", () => {
  test("answers of all kinds", () => {
    let taken = 0;
    for (const seed of seeds(20_000)) {
      const random = new Random(seed);
      const known = [...usual, ...left.map(([, text]) => Buffer.from(text.slice(0, 2000), "latin1"))];
      let bytes = known[random.upTo(known.length)] as Buffer;
      for (let times = random.upTo(3); times > 0; times--) {
        const at = random.upTo(bytes.length + 1);
        const put = Buffer.from(random.of(pieces), "latin1");
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + random.upTo(3))]);
      }
      if (random.chance(30)) bytes = mutated(random, bytes);
      const made = plainly(bytes);
      if (made === undefined) continue;
      taken++;
      try {
        expect(made).toEqual(read(bytes) as Made);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${asCorpus(`seed ${seed}`, [bytes])}`);
      }
    }
    expect(taken).toBeGreaterThan(100);
  }, 600_000);
});
