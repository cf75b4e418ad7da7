import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import type {
  AnswerSink,
  BodyLength,
  ResourceConnection,
  Sending,
  WholeAnswer,
  WholeSink,
} from "../exchange.ts";
import { fieldOf, type ResponseHead } from "../message.ts";
import { EchoedAnswer } from "./answer.ts";
import { withoutEchoes } from "./connection.ts";
import { EchoGuard } from "./guard.ts";
import { Scrubber } from "./scrubber.ts";

const secret = "canary/secret+7==";
const request = { method: "GET", target: "/", authority: "a", version: "1.1", fields: [] } as const;

/** A connection in the hands of the test, and what comes out at the caller's end of it. */
function rig(shown = secret) {
  let sink: AnswerSink | undefined;
  let aborted = false;
  const sending: Sending = { write: () => true, end() {}, resume() {}, abort: () => (aborted = true) };
  const inner: ResourceConnection = {
    free: true,
    send: (_head, _length, _upgrade, answer) => {
      sink = answer;
      return sending;
    },
    close() {},
  };
  const guard = new EchoGuard();
  guard.shows(shown);
  const got: { head?: ResponseHead; length?: BodyLength; body: Buffer; trailers: readonly string[] } = {
    body: Buffer.alloc(0),
    trailers: [],
  };
  const over = Promise.withResolvers<string>();
  withoutEchoes(inner, guard).send(request, "none", undefined, {
    inform: () => {},
    head: (head, length) => Object.assign(got, { head, length }),
    data(view) {
      got.body = Buffer.concat([got.body, view]);
      return true;
    },
    end(trailers) {
      got.trailers = trailers;
      over.resolve("end");
    },
    switched() {},
    broken: (reason) => over.resolve(reason.code),
    drained() {},
  });
  return { guard, sink: sink as unknown as AnswerSink, got, over: over.promise, aborted: () => aborted };
}

const headOf = (...fields: string[]): ResponseHead => ({ status: 200, reason: "OK", fields });

test("an answer goes by at once where none of it is in there, and nothing hides it", () => {
  const guard = new EchoGuard();
  guard.shows(secret);
  const heard: string[] = [];
  const inner: WholeSink = {
    takesWhole: () => true,
    passes: (name) => name !== "location",
    caching: () => "private",
    maySee: () => true,
    whole: ({ status }) => void heard.push(`${status}`),
  };
  const sink = { wholes: inner } as unknown as AnswerSink;
  const { wholes } = new EchoedAnswer(guard, "GET", sink);
  const answer = (text: string) => wholes?.maySee(Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${text}`));
  expect(wholes?.takesWhole()).toBe(true);
  expect(["etag", "location", "content-encoding"].map((name) => wholes?.passes(name))).toEqual([
    true,
    false,
    false,
  ]);
  expect([answer("nothing"), answer(`a ${secret} b`), answer(encodeURIComponent(secret))]).toEqual([
    true,
    false,
    false,
  ]);
  guard.shows("another secret");
  expect([answer(secret), answer("another secret")]).toEqual([false, false]);
  wholes?.whole({ status: 200 } as WholeAnswer);
  expect(heard).toEqual(["200"]);
  expect(new EchoedAnswer(guard, "GET", {} as AnswerSink).wholes).toBeUndefined();
});

describe("what goes by", () => {
  test("however it is cut, nothing of it is left, and not a byte more is gone", () => {
    const forms = [Buffer.from("abcabcabd"), Buffer.from("abcab---")];
    const whole = fc.array(fc.constantFrom("abcabcabd", "abcab---", "abc", "ab", "-", "x"), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(whole, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (parts, cuts) => {
        const text = parts.join("");
        const scrubber = new Scrubber(forms);
        let out = "";
        const emit = (view: Uint8Array) => {
          out += Buffer.from(view).toString();
        };
        for (let at = 0, cut = 0; at < text.length; cut++) {
          const length = cuts[cut % cuts.length] ?? 1;
          scrubber.push(Buffer.from(text.slice(at, at + length)), emit);
          at += length;
        }
        scrubber.end(emit);
        expect(out.length).toBe(text.length);
        expect(out).not.toContain("abcabcabd");
        for (let at = 0; at < text.length; at++) expect([text[at], "*"]).toContain(out[at] as string);
        if (!forms.some((form) => text.includes(form.toString()))) expect(out).toBe(text);
      }),
    );
  });

  test("what cannot be its beginning is not kept back", () => {
    const scrubber = new Scrubber([Buffer.from("secret-value")]);
    let out = "";
    scrubber.push(Buffer.from("data: one\n\n"), (view) => {
      out += Buffer.from(view).toString();
    });
    expect(out).toBe("data: one\n\n");
  });
});

describe("an answer", () => {
  test("its head, trailers and reason", async () => {
    const { sink, got, over } = rig();
    sink.head({ status: 200, reason: `no ${secret}`, fields: ["X-Got", `Bearer ${secret}`] }, "chunked");
    sink.end(["X-End", secret]);
    expect(await over).toBe("end");
    expect(JSON.stringify(got)).not.toContain(secret);
    expect(fieldOf(got.head?.fields ?? [], "x-got")).toBe(`Bearer ${"*".repeat(secret.length)}`);
    expect(got.trailers).toEqual(["X-End", "*".repeat(secret.length)]);
  });

  test("its body keeps its length", async () => {
    const { sink, got, over } = rig();
    const body = Buffer.from(`{"authorization":"Bearer ${secret}","a":1}`);
    sink.head(headOf("Content-Type", "application/json"), body.length);
    for (const byte of body) sink.data(Buffer.from([byte]));
    sink.end([]);
    expect(await over).toBe("end");
    expect(got.length).toBe(body.length);
    expect(got.body.toString()).toBe(`{"authorization":"Bearer ${"*".repeat(secret.length)}","a":1}`);
  });

  test("as URLs and JSON have it, and as Basic says it", async () => {
    const login = 'user:pass"word/1';
    const basic = Buffer.from(login).toString("base64");
    const { sink, got, over } = rig(login);
    const shown = [encodeURIComponent('pass"word/1'), JSON.stringify('pass"word/1'), `Basic ${basic}`];
    sink.head(headOf(), "chunked");
    sink.data(Buffer.from(shown.join(" ")));
    sink.end([]);
    expect(await over).toBe("end");
    expect(got.body.toString()).not.toMatch(/word|d29yZ/);
    expect(got.body.toString()).not.toContain(basic.slice(0, 20));
  });

  const plain = Buffer.from(`${"a".repeat(50_000)} ${secret} ${"b".repeat(50_000)}`);
  test.each([
    ["gzip", gzipSync(plain)],
    ["br", brotliCompressSync(plain)],
    ["zstd", zstdCompressSync(plain)],
    ["deflate", deflateSync(plain)],
  ])("in %s", async (coding, bytes) => {
    const { sink, got, over } = rig();
    sink.head(headOf("Content-Encoding", coding, "ETag", '"1"', "Digest", "x"), bytes.length);
    for (let at = 0; at < bytes.length; at += 7) sink.data(bytes.subarray(at, at + 7));
    sink.end([]);
    expect(await over).toBe("end");
    expect([got.length, fieldOf(got.head?.fields ?? [], "content-encoding")]).toEqual(["chunked", coding]);
    if (coding === "gzip") {
      expect(gunzipSync(got.body).toString()).toBe(
        plain.toString().replace(secret, "*".repeat(secret.length)),
      );
    } else expect(got.body.includes(secret)).toBe(false);
  });

  test.each([
    ["a coding that nobody knows", { ...headOf("Content-Encoding", "compress") }],
    ["a part of something coded", { ...headOf("Content-Encoding", "gzip"), status: 206 }],
  ])("%s is withheld", async (_what, head) => {
    const { sink, got, over, aborted } = rig();
    sink.head(head, "chunked");
    expect(await over).toBe("answer.withheld");
    expect([got.head, aborted()]).toEqual([undefined, true]);
  });

  test("the credential before counts while requests that showed it may be under way", async () => {
    const { guard, sink, got, over } = rig();
    guard.shows("another-secret");
    sink.head(headOf("X-Old", secret, "X-New", "another-secret"), 0);
    sink.end([]);
    await over;
    expect(got.head?.fields.join()).toBe(`X-Old,${"*".repeat(17)},X-New,${"*".repeat(14)}`);
  });
});
