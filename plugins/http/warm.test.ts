import { describe, expect, test } from "bun:test";
import { asCorpus, mutated, Random, seeds } from "../../test/fuzz.ts";
import { bytesOfRaw, refused, valid } from "./h1/testing/corpus.ts";
import { ask, Gateway, now, type Seen, secretOf } from "./testing/one-gateway.ts";

/*
 * Much of a request is known from the one before: its fields, whose it is, what its target says, what is sent of it, what its
 * answer becomes. Whatever a connection has seen, a request on it is what it is on one that has seen nothing: the same bytes to
 * the resource and to the caller, the same verdict, trail and recording.
 */

const targets = [
  ...[
    "/r/",
    "/r/a?b=c",
    "/r/a",
    "/r/a%20b",
    "/r/a%2fb",
    "/r/../x",
    "/r//a",
    "/r/secret",
    "/r/Secret?x",
    "/r",
    "/",
  ],
  ...[
    "/named/a",
    "/nobody/a",
    "*",
    "http://g/r/a",
    "http://named.example/a?x",
    "http://other/r/a",
    "/r/%61",
    "/r/a?_method=PUT",
  ],
] as const;
const methods = [
  "GET",
  "GET",
  "GET",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "get",
  "CONNECT",
] as const;
const hosts = ["g", "G", "named.example", "NAMED.example:80", "other", "g:1", "a b", ""] as const;
const lines = [
  ...[
    "Accept: */*",
    "accept:x",
    "X-A: 1",
    "X-A: 1 ",
    "User-Agent: \xff",
    "Cookie: a=b; __Host-postern=c",
    "Cookie: d=e",
  ],
  ...[
    "Connection: keep-alive",
    "Connection: close",
    "Connection: X-A",
    "Connection: authorization",
    "Connection: upgrade",
  ],
  ...[
    "Upgrade: websocket",
    "Upgrade: h2c",
    "Content-Length: 0",
    "Content-Length: 3",
    "Content-Length: +3",
    "Transfer-Encoding: chunked",
  ],
  ...[
    "transfer-encoding: Chunked",
    "Expect: 100-continue",
    "X-Forwarded-For: 1.2.3.4",
    "X_Forwarded_For: 1",
    "X-HTTP-Method-Override: PUT",
  ],
  ...[
    "Authorization: Bearer b",
    "Proxy-Authorization: x",
    "Host: h",
    "TE: trailers",
    "Keep-Alive: 5",
    "X : y",
    " folded",
    "X: \0",
    "X: a\nY: b",
  ],
] as const;

/** The lines behind the first one. */
function fieldsFrom(random: Random): string {
  // Of HTTP/1.0, whose target may be all that names a host.
  if (random.chance(20)) return "Connection: keep-alive\r\nAuthorization: Bearer a\r\n\r\n";
  const all: string[] = [`Host: ${random.chance(80) ? "g" : random.of(hosts)}`];
  if (random.chance(90)) all.push(`Authorization: Bearer ${random.of(["a", "a", "b"])}`);
  for (let count = random.upTo(4); count > 0; count--)
    all.splice(random.upTo(all.length + 1), 0, random.of(lines));
  return `${all.join("\r\n")}\r\n\r\n`;
}

const odd = [...valid, ...refused].map(({ raw }) => bytesOfRaw(raw)).filter(({ length }) => length < 2000);

function requestFrom(random: Random, fields: readonly string[]): Buffer {
  if (random.chance(15)) {
    const text = (odd[random.upTo(odd.length)] as Buffer).toString("latin1").replace(/^(\S+) \//, "$1 /r/");
    return Buffer.from(text.replace("\r\n", "\r\nAuthorization: Bearer a\r\n"), "latin1");
  }
  const method = random.of(methods);
  const behind = fields[random.chance(60) ? 0 : random.upTo(fields.length)] as string;
  const version = random.chance(behind.includes("Host") ? 90 : 5) ? "1.1" : "1.0";
  const body = /content-length: 3/i.test(behind) ? "abc" : "";
  const text = `${method} ${random.of(targets)} HTTP/${version}\r\n${behind}${body}`;
  const bytes = Buffer.from(text, "latin1");
  return random.chance(15) ? mutated(random, bytes) : bytes;
}

const answersOf = (generation: number) => {
  const whose = ["a-r", "b-r", "a-named", "b-named"];
  const secrets = whose.map((each) => secretOf(each, generation)).join(" ");
  return answersWith(secrets);
};

const answersWith = (secrets: string) =>
  [
    "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: public, max-age=3\r\nContent-Length: 2\r\n\r\nok",
    `HTTP/1.1 200 OK\r\nX-Echo: ${secrets}\r\nContent-Length: 2\r\n\r\nno`,
    `HTTP/1.1 200 OK\r\nContent-Length: ${secrets.length}\r\n\r\n${secrets}`,
    "HTTP/1.1 302 Found\r\nLocation: /base/x\r\nSet-Cookie: a=b; Path=/base\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "HTTP/1.1 200 faulty\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\nConnection: close\r\n\r\n.",
  ].map((text) => Buffer.from(text, "latin1"));

/** All of it is there, and nothing else. */
const simple =
  /^[A-Z]+ \S+ HTTP\/1\.[01]\r\n(?:(?!content-length|transfer-encoding|expect|upgrade)[\w-]+: [ -~]*\r\n)+\r\n$/i;

const probe = Buffer.from("GET /r/probe HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer a\r\n\r\n");

describe("a connection that has seen much and one that has seen nothing", () => {
  test("make the same of every head, and of every answer, in whatever pieces it comes", async () => {
    let [served, kept, denied] = [0, 0, 0];
    for (const seed of seeds(120)) {
      const random = new Random(seed);
      const rotates = random.chance(30);
      const warm = new Gateway(rotates);
      let connection = warm.dial();
      const fields = Array.from({ length: 4 }, () => fieldsFrom(random));
      for (let count = 0; count < 12; count++) {
        now.generation = rotates ? random.upTo(3) : 0;
        const request = requestFrom(random, fields);
        const whole = random.of(answersOf(now.generation) as [Buffer, ...Buffer[]]);
        // Chunks stay as they are: they leave as they come.
        const until = whole.includes("chunked") ? whole.indexOf("\r\n\r\n") + 4 : whole.length;
        const cut = 20 + random.upTo(until - 20);
        const fresh = new Gateway(rotates);
        const other = fresh.dial();
        const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
        // Otherwise the next one finds what this one left: the fields of both may be the same.
        const next = random.chance(60) && simple.test(request.toString("latin1")) ? [] : [probe];
        const all = [request, ...next];
        // What has seen nothing comes first: what the process shares does not know it yet.
        const cold: Seen[] = [];
        for (const each of all) cold.push(await ask(fresh, other, each, pieces));
        const hot: Seen[] = [];
        for (const each of all) hot.push(await ask(warm, connection, each, [whole]));
        try {
          expect(hot).toEqual(cold);
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${asCorpus(`seed ${seed}`, [request, whole])}`);
        }
        served += cold[0]?.resource === "" ? 0 : 1;
        denied += JSON.stringify(cold[0]?.trail).includes("policy.denied") ? 1 : 0;
        other.finish();
        fresh.close();
        const last = cold.at(-1);
        if (last && !last.closed && last.trail.length === 2) kept++;
        else {
          connection.finish();
          connection = warm.dial();
        }
      }
      connection.finish();
      warm.close();
    }
    expect([served > 100, kept > 100, denied > 10]).toEqual([true, true, true]);
  }, 120_000);
});
