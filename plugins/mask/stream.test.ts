import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Chunk } from "../../core/plugin.ts";
import { Random, sampled, seeds } from "../../test/fuzz.ts";
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

/** What stands on the screen, by a reading of its own: no escape sequences, and backspaces take back. */
function onScreen(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  let text = bytes.replace(/\x1b(\][^\x07]*\x07|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])/g, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  const taken = /[^\x08\n]\x08/u;
  while (taken.test(text)) text = text.replace(taken, "");
  return text;
}

const dressings: readonly ((value: string, at: number) => string)[] = [
  (value, at) => `${value.slice(0, at)}\x1b[1;31m${value.slice(at)}\x1b[0m`,
  (value, at) => `${value.slice(0, at)}\x1b[K\x1b(B${value.slice(at)}`,
  (value, at) => `${value.slice(0, at)}\x1b]0;title\x07${value.slice(at)}`,
  (value, at) => `${value.slice(0, at)}\x1b[5;12H${value.slice(at)}`,
  (value, at) => `${value.slice(0, at)}7\b${value.slice(at)}`,
  (value) => [...value].map((char) => `${char}\b${char}`).join(""),
  (value) => `\x1b[32m${value}\x1b[0m`,
];
const oneLine = values.filter((value) => !value.includes("\n"));

describe("a value in a terminal", () => {
  for (const value of oneLine) {
    test(JSON.stringify(value), () => {
      for (const dress of dressings) {
        for (let at = 1; at < value.length; at++) {
          const text = Buffer.from(`name: ${dress(value, at)}\r\nnext`);
          const shown = through([text]);
          expect(onScreen(shown)).toBe("name: ****\r\nnext");
          expect(through([...text].map((byte) => Uint8Array.of(byte)))).toBe(shown);
        }
      }
    });
  }

  test("its colours stay, so that what follows is as it was", () => {
    expect(through([Buffer.from("\x1b[31mal\x1b[32mice@example.com\x1b[0m!")])).toBe(
      "\x1b[31m****\x1b[32m\x1b[0m!",
    );
  });

  test("in the window's title", () => {
    expect(through([Buffer.from("\x1b]0;alice@example.com\x07$ ")])).toBe("\x1b]0;****\x07$ ");
  });

  test("moved from by the cursor instead of spaces", () => {
    expect(through([Buffer.from("4111\x1b[C1111\x1b[C1111\x1b[C1111\n")])).not.toContain("1111");
  });
});

test("no value leaves whole, whatever the chunks, the colours, and where it falls silent", () => {
  for (const seed of seeds(400)) {
    const random = new Random(seed);
    const written: string[] = [];
    let text = "";
    for (let pieces = 1 + random.upTo(8); pieces > 0; pieces--) {
      const value = oneLine[random.upTo(oneLine.length)]!;
      if (random.chance(60)) {
        written.push(value);
        text += dressings[random.upTo(dressings.length)]!(value, 1 + random.upTo(value.length - 1));
      }
      text += random.of(["\r\n", "\n", " | ", "\x1b[0m, ", "é \x1b[1m$\x1b[0m ", '"']);
    }
    const bytes = Buffer.from(text);
    const stream = new StreamMask(finder);
    let shown = Buffer.alloc(0);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.upTo(random.chance(50) ? 3 : 40);
      shown = Buffer.concat([shown, stream.push(bytes.subarray(at, end))]);
      if (random.chance(30)) shown = Buffer.concat([shown, stream.push(new Uint8Array(0))]);
      at = end;
    }
    const screen = onScreen(Buffer.concat([shown, stream.push(new Uint8Array(0))]).toString());
    for (const value of written) expect([seed, screen.includes(value)]).toEqual([seed, false]);
  }
});

test("what falls silent in the middle of a value shows its beginning and no more", () => {
  const stream = new StreamMask(finder);
  const send = (text: string) => Buffer.from(stream.push(Buffer.from(text))).toString();
  expect(send("to alice@ex")).toBe("to ");
  expect(send("")).toBe("alice@ex");
  expect(send("")).toBe("");
  expect(send("ample.com\n")).toBe("****\n");
});

test("an echo of what is typed comes key by key, also where it is a value; what is shown at once does not", () => {
  const stream = new StreamMask(finder);
  let screen = "";
  for (const key of "ping 10.1.2.3 ") {
    stream.typed(Buffer.from(key));
    screen += Buffer.from(stream.push(Buffer.from(key))).toString();
    screen += Buffer.from(stream.push(new Uint8Array(0))).toString();
  }
  expect(screen).toBe("ping 10.1.2.3 ");
  expect(Buffer.from(stream.push(Buffer.from("\r\n10.1.2.3\r\n"))).toString()).toBe("\r\n****\r\n");
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

/** What stands between the characters of a value, and is nothing on a screen. */
const unseen: Readonly<Record<string, string | Uint8Array>> = {
  NUL: "\0",
  bell: "\x07",
  "shift out and in": "\x0e\x0f",
  DEL: "\x7f",
  "zero-width space": "\u200b",
  "zero-width joiner": "\u200d",
  "word joiner": "\u2060",
  "byte order mark": "\ufeff",
  "soft hyphen": "\u00ad",
  "direction marks": "\u202a\u202c",
  "variation selector": "\ufe0f",
  "a tag": "\u{e0041}",
  "combining grapheme joiner": "\u034f",
  "CSI as one byte": Uint8Array.of(0x9b, 0x31, 0x6d),
  "CSI as U+009B": "\u009b1m",
  "OSC as U+009D, ended by U+009C": "\u009d0;x\u009c",
  "OSC ended by U+009C": "\x1b]0;x\u009c",
  "DCS as U+0090": "\u0090q\x1b\\",
  "another C1 control": "\u0086",
  "a sequence with a bell inside": "\x1b[3\x071m",
  "a sequence with DEL inside": "\x1b[3\x7f1m",
  "a sequence that starts over": "\x1b[3\x1b[1m",
  "a sequence that was cancelled": "\x1b[3\x18",
};

describe("what a screen does not show takes no value apart", () => {
  for (const [name, between] of Object.entries(unseen)) {
    test(name, () => {
      for (const value of ["alice@example.com", "4111 1111 1111 1111", "4111111111111111"]) {
        for (let at = 1; at < value.length; at++) {
          const text = Buffer.concat([
            ...[Buffer.from(`name: ${value.slice(0, at)}`), Buffer.from(between as Uint8Array)],
            Buffer.from(`${value.slice(at)}\r\nnext\r\n`),
          ]);
          const shown = through([text]);
          expect([at, shown.startsWith("name: ****"), shown.endsWith("\r\nnext\r\n")]).toEqual([
            at,
            true,
            true,
          ]);
          for (const part of [value.slice(0, at), value.slice(at)]) {
            if (part.length > 4) expect(shown).not.toContain(part);
          }
          expect(through([...text].map((byte) => Uint8Array.of(byte)))).toBe(shown);
        }
      }
    });
  }

  test("between all its characters", () => {
    for (const between of Object.values(unseen)) {
      if (typeof between !== "string") continue;
      const shown = through([Buffer.from(`${[..."alice@example.com"].join(between)}\r\n`)]);
      expect(shown).toStartWith("****");
      expect(shown).not.toContain("e@e");
    }
  });
});

describe("a value in other characters for the same", () => {
  test.each([
    ["no-break spaces", "4111\u00a01111\u00a01111\u00a01111"],
    ["narrow no-break spaces", "4111\u202f1111\u202f1111\u202f1111"],
    ["figure spaces", "4111\u20071111\u20071111\u20071111"],
    ["no-break hyphens", "078\u201105\u20111120"],
    [
      "full width",
      "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
    ],
    ["a full-width at sign", "alice\uff20example.com"],
  ])("%s", (_name, value) => {
    const text = Buffer.from(`name: ${value}\nnext\n`);
    expect(through([text])).toBe("name: ****\nnext\n");
    expect(through([...text].map((byte) => Uint8Array.of(byte)))).toBe("name: ****\nnext\n");
  });
});

test.each(["\x1b[4111111111111111m", "\u009b4111111111111111m", "\x1b[4111111111111111;1H"])(
  "as the parameter of an escape sequence: %j",
  (sequence) => {
    expect(through([Buffer.from(`${sequence}\r\n`)])).not.toContain("4111");
  },
);

test("a byte that is CSI in one terminal and nothing in another hides nothing in either", () => {
  const shown = through([Buffer.concat([Uint8Array.of(0x9b), Buffer.from("4111111111111111 x\n")])]);
  expect(shown).not.toContain("4111");
});
