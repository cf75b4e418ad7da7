import { expect, test } from "bun:test";
import { mutated, Random, seeds } from "../../../test/fuzz.ts";
import { Malformed } from "../keys/fields.ts";
import { string } from "../message.ts";
import { Framer, longestMessage } from "./framer.ts";
import { encode, encodeStatus, type Message, types } from "./message.ts";

function all(framer: Framer): Message[] {
  const messages: Message[] = [];
  for (let next = framer.next(); next; next = framer.next()) messages.push(next);
  return messages;
}

const whole = ({ pieces }: Message) => Buffer.concat(pieces);

test("messages are the same wherever what arrives is split", () => {
  const sent = [
    encode(types.open, 7, string("/a"), Buffer.alloc(8)),
    encode(types.write, 8, string("h"), Buffer.alloc(8), string(Buffer.alloc(40, "content"))),
    encodeStatus(9, 0, "ok"),
    encode(types.data, 10, string("")),
  ];
  const bytes = Buffer.concat(sent);
  for (let at = 0; at <= bytes.length; at++) {
    for (let then = at; then <= bytes.length; then += 3) {
      const framer = new Framer();
      const got = [bytes.subarray(0, at), bytes.subarray(at, then), bytes.subarray(then)].flatMap((part) => {
        framer.take(part);
        return all(framer);
      });
      expect(Buffer.concat(got.map(whole)).equals(bytes)).toBe(true);
      expect(got.map(({ type, id, length }) => [type, id, length])).toEqual(
        sent.map((one) => [one[4] as number, one.readUInt32BE(5), one.length]),
      );
    }
  }
});

test("content is not copied", () => {
  const content = Buffer.alloc(100_000, "x");
  const message = encode(types.data, 1, string(content));
  const framer = new Framer();
  framer.take(message.subarray(0, 50_000));
  framer.take(message.subarray(50_000));
  const [got] = all(framer);
  expect(got?.pieces.map(({ buffer }) => buffer === message.buffer)).toEqual([true, true]);
});

test("a length that no message has is refused before it is waited for", () => {
  for (const length of [0, 4, longestMessage - 3, 0xffffffff]) {
    const framer = new Framer();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    framer.take(header);
    expect(() => framer.next()).toThrow(Malformed);
  }
});

test("any bytes, in any pieces, make whole messages or Malformed, and none is lost or made up", () => {
  for (const seed of seeds(400)) {
    const random = new Random(seed);
    const sound = Buffer.concat(
      Array.from({ length: 1 + random.upTo(6) }, (_, id) =>
        encode(random.of([3, 5, 6, 17, 103, 104, 200]), id, random.bytes(random.upTo(600))),
      ),
    );
    const bytes = mutated(random, sound);
    const framer = new Framer();
    const got: Buffer[] = [];
    try {
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.upTo(80);
        framer.take(bytes.subarray(at, at + size));
        at += size;
        got.push(...all(framer).map(whole));
      }
      expect(Buffer.concat(got).length + framer.pending).toBe(bytes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(Malformed);
    }
    const joined = Buffer.concat(got);
    expect(joined.equals(bytes.subarray(0, joined.length))).toBe(true);
  }
});
