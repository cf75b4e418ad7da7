import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { noOperation, noSession, type Sent, through } from "../plugins/http/body/testing/shown.ts";
import { mask } from "../plugins/mask/index.ts";

// Ways in which a value that a mask hides may try to leave in the body or the head of an answer over HTTP.
const mail = "alice@example.com";
const card = "4111111111111111";
const hidden = "s3cr3t-value";

/** `named`: masks that go by names, so text that has none is withheld; `found`: detectors alone. */
const guards = {
  named: () =>
    mask({
      answers: "document",
      columns: ["token"],
      fields: ["$.users[*].pin", "annotations.*"],
      detect: ["email", "card"],
    }),
  found: () => mask({ answers: ["document", "stream"], detect: ["email", "card"] }),
};

type Chunk = string | Uint8Array;
type Attack = readonly [
  name: string,
  body: Chunk | readonly Chunk[],
  type: string,
  more?: Partial<Sent>,
  guard?: keyof typeof guards,
];

const json = "application/json";
const lines = "application/x-ndjson";
const events = "text/event-stream";
const escaped = [...mail]
  .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
  .join("");
const everyByte = (text: string) => [...text].map((each) => Buffer.from(each));

const attacks: readonly Attack[] = [
  // JSON: where a value can stand
  ["a string", `{"a":"${mail}"}`, json],
  ["the whole document", `"${mail}"`, json],
  ["a name", `{"${mail}":1}`, json],
  ["an integer name", `{"${card}":1,"0":2}`, json],
  ["a number", `{"a":${card}}`, json],
  ["a number with a fraction", `[${card}.0]`, json],
  ["a number with an exponent", `[4.111111111111111e15]`, json],
  ["a number with an exponent that shifts down", `[41111111111111110000e-4]`, json],
  ["a number with leading zeros behind the point", `[0.00004111111111111111e20]`, json],
  ["a negative number", `[-${card}]`, json],
  ["a number that no double holds", "[6304000000000000]", json],
  ["in a text around it", `["to ${mail}, and ${card}"]`, json],
  ["an array in an array", `[[[["${mail}"]]]]`, json],
  ["as deep as it is allowed", `${"[".repeat(199)}"${mail}"${"]".repeat(199)}`, json],
  ["deeper than it is allowed", `${"[".repeat(5000)}"${mail}"${"]".repeat(5000)}`, json],
  ["under __proto__", `{"__proto__":{"a":"${mail}"}}`, json],
  ["under constructor", `{"constructor":{"prototype":["${mail}"]}}`, json],
  ["behind a lone surrogate", `["\\ud800 ${mail}"]`, json],
  // escapes
  ["an escaped at sign", '["alice\\u0040example.com"]', json],
  ["all escaped", `["${escaped}"]`, json],
  ["an escaped digit", '["411111111111111\\u0031"]', json],
  ["an escaped name of a masked field", `{"\\u0074oken":"${hidden}"}`, json],
  ["an escaped solidus beside it", `["\\/${mail}\\/"]`, json],
  // names twice
  ["the first of two names", `{"token":"${hidden}","token":"x"}`, json],
  ["the first of two, the last is null", `{"token":"${hidden}","token":null}`, json],
  ["the first of two, nothing else to hide", `{"a":"${mail}","a":"x"}`, json],
  ["twice, once escaped", `{"token":"${hidden}","\\u0074oken":1}`, json],
  ["twice in what is twice", `{"a":{"b":"${mail}","b":1},"a":{"b":2,"b":3}}`, json],
  ["twice in an array", `[{"a":"${mail}","a":1}]`, json],
  ["three times", `{"token":1,"token":"${hidden}","token":2}`, json],
  // masked by name
  ["under a masked name", `{"token":"${hidden}"}`, json],
  ["under a masked name in capitals", `{"ToKeN":"${hidden}"}`, json],
  ["a list under a masked name", `{"token":["${hidden}"]}`, json],
  ["an object under a masked name", `{"token":{"a":"${hidden}"}}`, json],
  ["an array where an object should be", `[{"token":"${hidden}"}]`, json],
  ["by path", `{"users":[{"pin":"${hidden}"},{"PIN":"${hidden}"}]}`, json],
  ["by path, in an object instead of an array", `{"users":{"0":{"pin":"${hidden}"}}}`, json],
  ["by path, at any depth", `{"items":[{"metadata":{"annotations":{"any":"${hidden}"}}}]}`, json],
  ["JSON in a string", JSON.stringify({ last: JSON.stringify({ token: hidden }) }), json],
  [
    "JSON in JSON in a string",
    JSON.stringify({ a: JSON.stringify({ b: JSON.stringify([{ token: hidden }]) }) }),
    json,
  ],
  [
    "JSON in a string, twice, the last null",
    JSON.stringify({ a: `{"token":"${hidden}","token":null}` }),
    json,
  ],
  ["JSON in a string with a value to find", JSON.stringify({ a: `{"x":"${escaped}"}` }), json],
  // around JSON
  ["behind a byte order mark", `\ufeff["${mail}"]`, json],
  ["behind an XSSI prefix", `)]}',\n["${mail}"]`, json],
  ["behind another", `while(1);["${mail}"]`, json],
  ["behind white space", `\n\t ["${mail}"]`, json],
  ["text behind JSON", `{} ${mail}`, json],
  ["text instead of JSON", `token=${hidden}`, json],
  ["a comment in JSON", `{/*${mail}*/}`, json],
  ["single quotes", `{'a':'${mail}'}`, json],
  ["UTF-16 that says so", Buffer.from(`["${mail}"]`, "utf16le"), "application/json; charset=utf-16le"],
  ["UTF-16 that does not", Buffer.from(`["${mail}"]`, "utf16le"), json],
  ["UTF-16 with its mark", Buffer.from(`\ufeff["${mail}"]`, "utf16le"), json],
  ["UTF-7", `["alice+AEA-example.com"]`, "application/json; charset=utf-7"],
  ["EBCDIC", Buffer.from("8193898385", "hex"), "text/plain; charset=ibm037", {}, "found"],
  ["an overlong at sign", Buffer.from(`["alice\xc1\x80example.com"]`, "latin1"), json],
  // types
  ["+json", `{"token":"${hidden}"}`, "application/vnd.api+json"],
  ["JSON in capitals, with parameters", `{"token":"${hidden}"}`, 'Application/JSON ; Charset="UTF-8"'],
  ["JSON as text", `{"token":"${hidden}"}`, "text/plain"],
  ["JSON as text of known length", `{"token":"${hidden}"}`, "text/plain", { length: 24 }],
  ["JSON as text, escaped", `["${escaped}"]`, "text/html", { length: 106 }, "found"],
  ["YAML under names", `token: ${hidden}`, "application/yaml"],
  ["CSV under names", `token\n${hidden}`, "text/csv"],
  ["protobuf", `\x0a\x11${mail}`, "application/vnd.kubernetes.protobuf"],
  ["no type at all", mail, "", { fields: [] }],
  ["two types", `["${mail}"]`, json, { fields: ["Content-Type", "image/png"] }],
  ["an image by name", mail, "image/png"],
  ["a form part", `--x\r\n\r\n${mail}\r\n--x--`, "multipart/form-data; boundary=x"],
  ["ranges", `--x\r\n\r\n${mail}\r\n--x--`, "multipart/byteranges; boundary=x", { status: 206 }],
  ["a part", mail, "text/plain", { status: 206 }, "found"],
  ["a form", `token=${hidden}&a=${encodeURIComponent(mail)}`, "application/x-www-form-urlencoded"],
  ["an error's body", `{"error":"${mail}"}`, "application/problem+json", { status: 500 }],
  ["an answer to HEAD with a body", mail, "text/plain", { method: "HEAD" }],
  ["a 304 with a body", mail, "text/plain", { status: 304 }],
  ["a 204 with a body", mail, json, { status: 204 }],
  ["a length of nothing with a body", mail, json, { length: 0 }],
  // over chunks
  ["text byte by byte", everyByte(`mail ${mail} card ${card}.\n`), "text/plain", {}, "found"],
  ["text in halves", ["alice@exam", "ple.com"], "text/plain", {}, "found"],
  ["a card in groups over chunks", ["4111 1111 ", "1111 1111"], "text/plain", {}, "found"],
  ["XML byte by byte", everyByte(`<a b="${mail}">${card}</a>`), "application/xml", {}, "found"],
  ["JSON byte by byte", everyByte(`{"token":"${hidden}","a":"${escaped}"}`), json],
  ["lines byte by byte", everyByte(`{"token":"${hidden}"}\n"${escaped}"\n${card}\n`), lines],
  ["an escape over chunks", ['["alice\\u00', '40example.com"]\n'], lines],
  // sequences
  ["documents without lines between", `{}{"token":"${hidden}"}["${mail}"]`, lines],
  ["a line that is no JSON", `{}\n${mail}\n`, lines],
  ["the last line without its end", `{}\n{"token":"${hidden}"}`, lines],
  ["the last line, cut off", `{}\n{"a":"${mail}`, lines],
  ["record separators inside", `\x1e{"a":"${mail}"}\n\x1e\x1e{"token":"${hidden}"}`, "application/json-seq"],
  ["brackets in strings", `{"a":"}]{","token":"${hidden}"}\n`, lines],
  ["a quote that is escaped", `{"a":"\\"}","token":"${hidden}"}\n`, lines],
  ["a watch", `{"object":{"token":"${hidden}"}}\n`, "application/json;stream=watch"],
  [
    "a watch that does not say so",
    `{"token":"${hidden}"}\n{"token":"${hidden}"}\n`,
    json,
    { options: { sequence: true } },
  ],
  // events
  ["an event", `data: ${mail}\n\n`, events, {}, "found"],
  ["an event of JSON", `data: {"token":"${hidden}"}\n\n`, events],
  ["JSON over data lines", `data: {"token":\ndata: "${hidden}"}\n\n`, events],
  ["JSON over data lines with another between", `data: {"token":\nid: 1\ndata:"${hidden}"}\n\n`, events],
  ["data without a blank", `data:{"token":"${hidden}"}\n\n`, events],
  ["carriage returns alone", `data: {"token":"${hidden}"}\r\r`, events],
  ["a comment", `: ${mail}\n\n`, events, {}, "found"],
  ["an id", `id: ${mail}\ndata: 1\n\n`, events, {}, "found"],
  ["an event's name", `event: ${mail}\ndata: 1\n\n`, events, {}, "found"],
  ["an unknown field", `x${mail}: 1\n\n`, events, {}, "found"],
  ["the last event without its end", `data: ${mail}`, events, {}, "found"],
  ["over two events", `data: alice@exam\n\ndata: ple.com\n\n`, events, {}, "found"],
  ["text under names", `data: token=${hidden}\n\n`, events],
  ["byte by byte", everyByte(`data: {"token":\r\ndata: "${hidden}"}\r\n\r\n`), events],
  // codings
  ["gzip", gzipSync(`["${mail}"]`), json, { fields: ["Content-Encoding", "gzip"] }],
  ["x-gzip", gzipSync(`["${mail}"]`), json, { fields: ["Content-Encoding", "x-gzip"] }],
  ["deflate", deflateSync(`["${mail}"]`), json, { fields: ["Content-Encoding", "deflate"] }],
  [
    "deflate without its header",
    deflateRawSync(`["${mail}"]`),
    json,
    { fields: ["Content-Encoding", "deflate"] },
  ],
  ["br", brotliCompressSync(`["${mail}"]`), json, { fields: ["Content-Encoding", "BR"] }],
  ["zstd", zstdCompressSync(`["${mail}"]`), json, { fields: ["Content-Encoding", "zstd"] }],
  [
    "two codings in two fields",
    gzipSync(gzipSync(mail)),
    "text/plain",
    { fields: ["Content-Encoding", "gzip", "content-encoding", "gzip"] },
    "found",
  ],
  [
    "gzip of two members",
    Buffer.concat([gzipSync('["alice@exam'), gzipSync('ple.com"]')]),
    json,
    { fields: ["Content-Encoding", "gzip"] },
  ],
  ["a coding that is not there", `["${mail}"]`, json, { fields: ["Content-Encoding", "gzip"] }],
  ["an unknown coding", `["${mail}"]`, json, { fields: ["Content-Encoding", "aes128gcm"] }],
  ["a dictionary", `["${mail}"]`, json, { fields: ["Content-Encoding", "dcb"] }],
  // heads
  ["a field", "{}", json, { fields: ["X-User", mail] }],
  ["a place", "{}", json, { fields: ["Location", `/u/${encodeURIComponent(mail)}`] }],
  ["a place that hides its letters", "{}", json, { fields: ["Location", "/u/%61lice%40example%2Ecom"] }],
  ["a place, half of it broken", "{}", json, { fields: ["Location", "/%ff/alice%40example.com"] }],
  ["a cookie", "{}", json, { fields: ["Set-Cookie", `who=${mail}; Path=/`] }],
  ["a field with a masked name", "{}", json, { fields: ["Token", hidden] }],
  ["a trailer", "{}", json, { trailers: ["X-User", mail] }],
  ["a field's name", "{}", json, { fields: [card, "1"] }],
];

describe("a masked value does not leave by", () => {
  test.each(attacks.map((attack) => [attack[0], attack] as const))(
    "%s",
    async (_name, [, body, type, more, guard = "named"]) => {
      const answer = guards[guard]().open(noSession).answer?.(noOperation);
      if (answer === undefined) throw new Error("no answer");
      const chunks = (Array.isArray(body) ? body : [body]).map((chunk: Chunk) =>
        Buffer.from(chunk as string),
      );
      const got = await through(answer, { chunks, ...(type === "" ? {} : { type }), ...more });
      for (const reading of readings(
        Buffer.concat([got.body, Buffer.from(JSON.stringify([got.head?.fields, got.trailers]))]),
      )) {
        for (const value of [mail, hidden, card, "6304000000000000", "example.com"])
          expect(reading).not.toContain(value);
      }
      if (got.broken) expect(got.broken.message).not.toMatch(/alice|s3cr3t|4111/);
    },
  );
  test("any of them when the same body is harmless: it passes", async () => {
    const answer = guards.named().open(noSession).answer?.(noOperation);
    const got = answer && (await through(answer, { chunks: [Buffer.from('{"a": 1.0}')], type: json }));
    expect(got?.body.toString()).toBe('{"a": 1.0}');
  });
});

/** As a client may read what it got. */
function readings(bytes: Buffer): string[] {
  const text = bytes.toString("utf8");
  const unescaped = text.replaceAll(/\\+u([0-9a-fA-F]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const plain = text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const joined = text.replaceAll(/[\r\n]+(data: ?|id: \d+)*/g, "");
  return [text, unescaped, plain, joined, text.replaceAll(/[\s.]/g, ""), bytes.toString("utf16le")];
}
