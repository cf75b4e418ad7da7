import { expect, test } from "bun:test";
import { mutated, Random, seeds } from "../../test/fuzz.ts";
import {
  decodeFrames,
  encodeEvent,
  encodeExit,
  encodeFrame,
  encodeResize,
  eventOf,
  frameTypes,
  sizeOf,
} from "./frames.ts";

const text = (data: Uint8Array) => Buffer.from(data).toString();

test("frames on the disk are as documented", () => {
  expect(encodeFrame(frameTypes.output, 2, Buffer.from("hi")).toString("hex")).toBe("0100000002000000026869");
  expect(encodeResize(1, 80, 24).toString("hex")).toBe("0400000001000000080000005000000018");
});

test("what was written is read again, several in one piece too", () => {
  const piece = Buffer.concat([
    encodeFrame(frameTypes.output, 0, Buffer.from("out")),
    encodeFrame(frameTypes.error, 1, new Uint8Array(0)),
    encodeResize(0, 132, 50),
    encodeExit(1, "SIGTERM"),
    encodeEvent(1, { event: "stdin", bytes: 3, sha256: "ab" }),
  ]);
  const frames = [...decodeFrames(piece)];
  expect(frames.map(({ type, channel }) => [type, channel])).toEqual([
    [1, 0],
    [2, 1],
    [4, 0],
    [5, 1],
    [6, 1],
  ]);
  expect(text(frames[0]!.data)).toBe("out");
  expect(sizeOf(frames[2]!.data)).toEqual({ columns: 132, rows: 50 });
  expect(text(frames[3]!.data)).toBe("SIGTERM");
  expect(eventOf(frames[4]!.data)).toEqual({ event: "stdin", bytes: 3, sha256: "ab" });
});

test("a frame that is cut short hands out what is there", () => {
  const frame = encodeFrame(frameTypes.output, 7, Buffer.from("password"));
  expect([...decodeFrames(frame.subarray(0, 12))].map(({ data }) => text(data))).toEqual(["pas"]);
  expect([...decodeFrames(frame.subarray(0, 8))]).toEqual([]);
  expect(sizeOf(encodeResize(0, 1, 1).subarray(9, 14))).toBeUndefined();
  expect(eventOf(Buffer.from('{"event":'))).toBeUndefined();
  expect(eventOf(Buffer.from('["event"]'))).toBeUndefined();
});

test("any bytes are read without an error, and no byte that is not there", () => {
  for (const seed of seeds(500)) {
    const random = new Random(seed);
    const sound = Buffer.concat(
      Array.from({ length: 1 + random.upTo(5) }, () =>
        encodeFrame(random.of([1, 2, 3, 4, 5, 6]), random.upTo(9), random.bytes(random.upTo(40))),
      ),
    );
    const bytes = mutated(random, sound);
    let data = 0;
    for (const frame of decodeFrames(bytes)) {
      data += frame.data.length;
      sizeOf(frame.data);
      eventOf(frame.data);
    }
    expect(data).toBeLessThanOrEqual(bytes.length);
  }
});
