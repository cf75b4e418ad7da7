import { describe, expect, test } from "bun:test";
import { asCorpus, corpus, mutated, Random, seeds } from "../../../test/fuzz.ts";
import { fieldOf } from "../message.ts";
import { bytesOfRaw, refused, valid } from "./testing/corpus.ts";
import { knownToLlhttp, llhttpReads, type Read } from "./testing/llhttp.ts";
import { type Reading, readRequests, readResponse } from "./testing/readings.ts";

/*
 * A second opinion on framing: what we take, llhttp (the parser of Node, in its strict mode) takes as the same
 * message, which ends at the same byte. The other way round need not hold: we refuse more.
 */

const requests = [...valid, ...refused]
  .map(({ raw }) => bytesOfRaw(raw))
  .filter(({ length }) => length < 2000);
const responses = [
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 30\r\nETag: x\r\n\r\n",
  "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil it closes",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200\r\nConnection: close\r\n\r\nabc",
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
].map((text) => Buffer.from(text));

/** Where parsers differ when they do. */
const telling = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\n\n",
    " ",
    "\t",
    ":",
    ",",
    ";",
    '"',
    "0",
    "\0",
    "\x7f",
    "\xff",
    "+",
    "-",
    "0x",
  ],
  ...[
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "chunked",
    "identity",
    "0\r\n\r\n",
    "3\r\nabc\r\n",
  ],
  ...[
    "GET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "HTTP/1.1",
    "HTTP/1.0",
    "Connection: close\r\n",
    "Host: c\r\n",
    "keep-alive",
  ],
  ...[
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "Expect: 100-continue\r\n",
    "\r\n ",
    "\r\n\t",
    "ffffffffffffffff",
  ],
] as const;

function generated(random: Random, from: readonly Buffer[]): Buffer {
  let bytes = from[random.upTo(from.length)] as Buffer;
  if (random.chance(30)) bytes = Buffer.concat([bytes, from[random.upTo(from.length)] as Buffer]);
  for (let times = random.upTo(4); times > 0; times--) {
    const at = random.upTo(bytes.length + 1);
    const put = Buffer.from(telling[random.upTo(telling.length)] as string, "latin1");
    bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + random.upTo(3))]);
  }
  return random.chance(40) ? mutated(random, bytes) : bytes;
}

function cut(random: Random, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.upTo(random.chance(30) ? 3 : 200);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

/** Every field that we hand on is one of llhttp's, in its order and with its value. */
function sameFields(ours: Reading, theirs: Read): void {
  const left = [...theirs.fields];
  const handed = [...ours.fields, ...ours.trailers];
  for (let at = 0; at < handed.length; at += 2) {
    const name = (handed[at] as string).toLowerCase();
    // It is said once, as a value of our own.
    if (name === "expect") continue;
    let found = 0;
    while (
      found < left.length &&
      !(left[found] === name && left[found + 1]?.trim() === handed[at + 1]?.trim())
    ) {
      found += 2;
    }
    expect({ name, value: handed[at + 1], found: found < left.length }).toMatchObject({ found: true });
    left.splice(0, found + 2);
  }
}

function sameTarget(ours: Reading, theirs: Read): void {
  const path = theirs.target.replace(/^https?:\/\/[^/?]+/i, "").replace(/^\?/, "/?");
  expect(ours.target).toBe(path === "" ? (ours.method === "OPTIONS" ? "*" : "/") : path);
}

async function compareRequests(bytes: Buffer, random: Random): Promise<number> {
  const { read, refused, begun } = await readRequests([bytes]);
  expect(await readRequests(cut(random, bytes))).toEqual({ read, refused, begun });
  const theirs = llhttpReads("request", bytes);
  let compared = 0;
  for (const [index, ours] of read.entries()) {
    if (!knownToLlhttp(ours.method)) return compared;
    const other = theirs.read[index];
    expect(other).toBeDefined();
    if (!other) return compared;
    expect({ ...other, body: other.body.toString("latin1") }).toMatchObject({
      ...{ method: ours.method, body: ours.body, complete: true },
    });
    sameTarget(ours, other);
    sameFields(ours, other);
    compared++;
    // There llhttp stops: what follows is another protocol to it.
    if (other.upgrade) return compared;
  }
  // All was taken: so llhttp sees no further whole request.
  if (!refused && begun === read.length && !closes(theirs.read[read.length - 1])) {
    expect(theirs.read.filter(({ complete }) => complete).length).toBe(read.length);
  }
  return compared;
}

/** After it neither of us reads on. */
function closes(message: Read | undefined): boolean {
  return /\bclose\b/i.test(fieldOf(message?.fields ?? [], "connection") ?? "");
}

async function compareResponse(method: string, bytes: Buffer, random: Random): Promise<number> {
  const { read, interim, free } = await readResponse(method, [bytes]);
  const again = await readResponse(method, cut(random, bytes));
  expect(again.read).toEqual(read);
  if (read === undefined) return 0;
  const theirs = llhttpReads("response", bytes, method === "HEAD");
  const other = theirs.read[interim];
  expect(other).toMatchObject({ status: read.status, complete: true });
  if (!other) return 0;
  expect(other.body.toString("latin1")).toBe(read.body);
  sameFields(read, other);
  // A connection that is used again had nothing left over.
  if (free) expect(theirs.read.length).toBe(interim + 1);
  return 1;
}

describe("what we take, llhttp takes as the same", () => {
  test.each(corpus("http"))("%s", async (_name, chunks) => {
    await compareRequests(Buffer.concat(chunks), new Random(1));
  });

  test("requests", async () => {
    let compared = 0;
    for (const seed of seeds(3_000)) {
      const random = new Random(seed);
      const bytes = generated(random, requests);
      compared += await compareRequests(bytes, random).catch((error: Error) => {
        throw new Error(
          `${error.message}\n${asCorpus(`seed ${seed}`, [bytes])}\n${JSON.stringify(bytes.toString("latin1"))}`,
        );
      });
    }
    // The generator is not one of nothing but refusals.
    expect(compared).toBeGreaterThan(0);
  }, 600_000);

  test("responses", async () => {
    let compared = 0;
    for (const seed of seeds(3_000)) {
      const random = new Random(seed);
      const bytes = generated(random, responses);
      compared += await compareResponse(random.of(["GET", "HEAD", "POST"]), bytes, random).catch(
        (error: Error) => {
          throw new Error(
            `${error.message}\n${asCorpus(`seed ${seed}`, [bytes])}\n${JSON.stringify(bytes.toString("latin1"))}`,
          );
        },
      );
    }
    expect(compared).toBeGreaterThan(0);
  }, 600_000);
});
