import { describe, expect, test } from "bun:test";
import { Random, seeds } from "../../../test/fuzz.ts";
import { WebSocketFault } from "./fault.ts";
import { applyMask, closePayload, encodeFrame, isCloseCode, opcodes } from "./frame.ts";
import { MessageGatherer } from "./message.ts";
import { FrameReader } from "./reader.ts";

/** What a side said, in words. */
function read(masked: boolean, chunks: readonly Uint8Array[], most = 1024 * 1024): string[] {
  const said: string[] = [];
  const gatherer = new MessageGatherer(most);
  const reader = new FrameReader(masked, {
    data(view, part) {
      const message = gatherer.add(view, part);
      if (message) said.push(`${part.text ? "text" : "binary"} ${message.toString("latin1")}`);
    },
    ping: (body) => void said.push(`ping ${body}`),
    pong: (body) => void said.push(`pong ${body}`),
    close: (code, text) => void said.push(`close ${code} ${text}`),
  });
  // A reader unmasks in place.
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return said;
}

function faultOf(masked: boolean, hex: string, most?: number): number | string {
  try {
    return read(masked, [Buffer.from(hex.replaceAll(" ", ""), "hex")], most).join();
  } catch (error) {
    return error instanceof WebSocketFault ? error.close : String(error);
  }
}

describe("frames of a server", () => {
  test.each([
    ["the RFC's own text", "8105 48656c6c6f", ["text Hello"]],
    ["its two fragments", "0103 48656c 8002 6c6f", ["text Hello"]],
    ["a ping between fragments", "0103 48656c 8905 48656c6c6f 8002 6c6f", ["ping Hello", "text Hello"]],
    ["empty messages", "8100 8200", ["text ", "binary "]],
    ["empty fragments", "0100 0000 8000", ["text "]],
    ["a close, and nothing behind it", "8802 03e8 8105 48656c6c6f", ["close 1000 "]],
    ["a close without a code", "8800", ["close undefined "]],
    ["a character over three fragments", "0101 e2 0001 82 8001 ac", ["text \u00e2\u0082\u00ac"]],
  ])("%s", (_what, hex, said) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    expect(read(false, [bytes])).toEqual(said);
    expect(
      read(
        false,
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(said);
  });

  test.each([
    ["masked", "8185 37fa213d 7f9f4d5158", 1002],
    ["a reserved bit (a compressed message)", "c105 48656c6c6f", 1002],
    ["a reserved opcode", "8300", 1002],
    ["a reserved control opcode", "8b00", 1002],
    ["a fragmented ping", "0900", 1002],
    ["a long ping", `897e007e${"00".repeat(126)}`, 1002],
    ["a continuation of nothing", "8000", 1002],
    ["a message inside of a message", "0103 48656c 8103 48656c", 1002],
    ["16 bits for a short length", "817e 0005 48656c6c6f", 1002],
    ["64 bits for a short length", "817f 0000000000000005 48656c6c6f", 1002],
    ["64 bits with the first set", "827f ffffffffffffffff", 1002],
    ["a close with half a code", "8801 03", 1002],
    ["a close with a code that never stands in one", "8802 03ed", 1002],
    ["a close that says what is no UTF-8", "8803 03e8 ff", 1007],
    ["text that is no UTF-8", "8101 ff", 1007],
    ["a surrogate", "8103 eda080", 1007],
    ["text that ends in the middle of a character", "8101 e2", 1007],
    ["a message of too many bytes", "8105 48656c6c6f", 1009],
    ["fragments of too many bytes", "0103 48656c 8002 6c6f", 1009],
  ])("refused: %s", (_what, hex, close) => {
    expect(faultOf(false, hex, 4)).toBe(close);
  });
});

test("a client's frames are masked, all of them", () => {
  expect(faultOf(true, "8185 37fa213d 7f9f4d5158")).toBe("text Hello");
  expect(faultOf(true, "8105 48656c6c6f")).toBe(1002);
});

test("a length is never taken for memory", () => {
  // 2^50 bytes are announced, three come.
  expect(faultOf(false, "827f 0004000000000000 000000", 1024)).toBe("");
});

test("what is written is read, however it is cut", () => {
  for (const seed of seeds(200)) {
    const random = new Random(seed);
    const masked = random.chance(50);
    const said: string[] = [];
    const frames: Buffer[] = [];
    for (let left = random.upTo(6); left >= 0; left--) {
      const sizes = [0, 1, 3, 125, 126, 127, 65_535, 65_536, random.upTo(2000)];
      const parts = Array.from({ length: 1 + random.upTo(3) }, () =>
        Buffer.alloc(sizes[random.upTo(sizes.length)] as number, 97 + random.upTo(26)),
      );
      const text = random.chance(50);
      parts.forEach((part, index) => {
        const opcode = index > 0 ? opcodes.more : text ? opcodes.text : opcodes.binary;
        if (random.chance(20)) {
          frames.push(encodeFrame(opcodes.ping, true, Buffer.from("p"), masked));
          said.push("ping p");
        }
        frames.push(encodeFrame(opcode, index === parts.length - 1, part, masked));
      });
      said.push(`${text ? "text" : "binary"} ${Buffer.concat(parts).toString("latin1")}`);
    }
    frames.push(encodeFrame(opcodes.close, true, closePayload(1000, "bye"), masked));
    said.push("close 1000 bye");
    const bytes = Buffer.concat(frames);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random.upTo(random.chance(50) ? 5 : 70_000);
      chunks.push(bytes.subarray(at, at + length));
      at += length;
    }
    expect(read(masked, chunks)).toEqual(said);
  }
});

test("any bytes are read or refused, by one kind of error", () => {
  for (const seed of seeds(2_000)) {
    const random = new Random(seed);
    const frame = encodeFrame(opcodes.text, random.chance(70), Buffer.from("some text"), random.chance(50));
    const bytes = Buffer.concat([frame, frame, encodeFrame(opcodes.ping, true, Buffer.of(1), false)]);
    for (let times = random.upTo(4); times > 0; times--) bytes[random.upTo(bytes.length)] = random.upTo(256);
    try {
      read(random.chance(50), [bytes.subarray(0, random.upTo(bytes.length + 1))]);
    } catch (error) {
      expect(error).toBeInstanceOf(WebSocketFault);
    }
  }
});

test("masking from any place, of any length, is its own reverse", () => {
  const key = Buffer.of(1, 2, 3, 4);
  for (const [from, length, at] of [
    [0, 0, 0],
    [1, 1, 3],
    [3, 64, 1],
    [2, 17, 2],
    [5, 9, 7],
  ] as const) {
    const bytes = Buffer.alloc(100, 7).subarray(from, from + length);
    applyMask(bytes, key, at);
    expect([...bytes]).toEqual(Array.from({ length }, (_, index) => 7 ^ (key[(at + index) & 3] as number)));
    applyMask(bytes, key, at);
    expect([...bytes]).toEqual(Array(length).fill(7));
  }
});

test("a close is never too long for its frame, nor cut inside of a character", () => {
  const payload = closePayload(1008, "\u20ac".repeat(100));
  expect(payload.length).toBeLessThanOrEqual(125);
  expect(payload.subarray(2).toString()).toBe("\u20ac".repeat(41));
  expect([999, 1004, 1005, 1006, 1015, 2999, 5000].some(isCloseCode)).toBe(false);
});
