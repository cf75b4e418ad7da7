import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Chunk } from "../../core/plugin.ts";
import { sampled } from "../../test/fuzz.ts";
import { Finder } from "./found.ts";
import { mask } from "./index.ts";
import { masksOf } from "./options.ts";
import { StreamMask } from "./stream.ts";

const finder = new Finder(
  masksOf({ detect: ["email", "card", "iban", "phone", "ssn", "ip", "jwt", "cloudkey"] }),
);
const values = [
  "alice@example.com",
  "4111 1111 1111 1111",
  "DE89 3704 0044 0532 0130 00",
  "+49 170 1234567",
  "078-05-1120",
  "10.1.2.3",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\nAKj34GkxFhD9\n-----END RSA PRIVATE KEY-----",
];

function through(chunks: readonly Uint8Array[]): string {
  const stream = new StreamMask(finder);
  return Buffer.concat([...chunks, new Uint8Array(0)].map((chunk) => stream.push(chunk))).toString("utf8");
}

describe("a value in two chunks", () => {
  for (const value of values) {
    test(JSON.stringify(value), () => {
      const text = Buffer.from(`name: ${value}\nnext, line ${value}; end`);
      for (let at = 0; at <= text.length; at++) {
        expect(through([text.subarray(0, at), text.subarray(at)])).toBe("name: ****\nnext, line ****; end");
      }
      expect(through([...text].map((byte) => Uint8Array.of(byte)))).toBe("name: ****\nnext, line ****; end");
    });
  }
});

test("any text in any chunks comes out the same, without a value that went in", () => {
  const piece = fc.oneof(
    fc.constantFrom(...values),
    fc.constantFrom("word ", "\n", ", ", "12 ", "x.y ", "é ", '"', " - "),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(400), { maxLength: 6 }),
      (pieces, cuts) => {
        const text = Buffer.from(pieces.join("\n"));
        const inner = new Set(cuts.filter((cut) => cut > 0 && cut < text.length));
        const at = [0, ...[...inner].sort((a, b) => a - b), text.length];
        const shown = through(at.slice(1).map((end, index) => text.subarray(at[index], end)));
        expect(shown).toBe(through([text]));
        for (const value of values) expect(shown).not.toContain(value);
      },
    ),
    sampled(400),
  );
});

test("any bytes in any chunks come out, the same as in one", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 }), (chunks) => {
      expect(through(chunks)).toBe(through([Buffer.concat(chunks)]));
    }),
    sampled(400),
  );
});

test("what cannot be part of a value goes on at once, and little is kept", () => {
  const stream = new StreamMask(finder);
  expect(Buffer.from(stream.push(Buffer.from("one line\ntwo "))).toString()).toBe("one line\ntwo ");
  expect(stream.push(Buffer.from("alice")).length).toBe(0);
  expect(Buffer.from(stream.push(Buffer.from("\n"))).toString()).toBe("alice\n");
  const long = Buffer.from("a".repeat(100_000));
  expect(stream.push(long).length).toBeGreaterThan(99_000);
});

test("a token longer than can be kept is dropped to its end", () => {
  const token = `eyJ${"a".repeat(40)}.${"b".repeat(20_000)}`;
  const text = Buffer.from(
    `t=${token}\nnext ${"-----BEGIN PRIVATE KEY-----\n"}${"QUJD\n".repeat(4000)}. end`,
  );
  const chunks = Array.from({ length: Math.ceil(text.length / 1000) }, (_, at) =>
    text.subarray(at * 1000, at * 1000 + 1000),
  );
  const shown = through(chunks);
  expect(shown).not.toContain("bbbb");
  expect(shown).not.toContain("QUJD");
  expect(shown).toStartWith("t=****\nnext ****");
});

test("each channel is a stream of its own, and what the caller sends is not touched", () => {
  const guardrail = mask({ detect: ["email"], answers: "stream" });
  const answer = guardrail
    .open({} as never)
    .answer?.({ text: "", actions: [], inTransaction: false, policyVersion: "1" });
  const send = (channel: string, text: string, direction: Chunk["direction"] = "toCaller") => {
    const chunk = answer?.stream?.({ direction, channel, bytes: Buffer.from(text) });
    return chunk && Buffer.from(chunk.bytes).toString();
  };
  expect(send("stdin", "alice@example.com", "toResource")).toBe("alice@example.com");
  expect(send("stdout", "alice@exam")).toBeUndefined();
  expect(send("stderr", "oops\n")).toBe("oops\n");
  expect(send("stdout", "ple.com\n")).toBe("****\n");
  expect(send("stdout", "")).toBe("");
});
