import { expect, test } from "bun:test";
import { Random, seeds } from "../../test/fuzz.ts";
import { string, uint32 } from "./message.ts";
import { modesIn } from "./terminal-modes.ts";

function asked(modes: Uint8Array, kind = "pty-req"): Buffer {
  const sizes = [80, 24, 0, 0].map(uint32);
  const head = [Buffer.from([98]), uint32(0), string(kind), Buffer.from([1])];
  return Buffer.concat([...head, string("xterm"), ...sizes, string(modes)]);
}
const mode = (opcode: number, value: number) => Buffer.concat([Buffer.from([opcode]), uint32(value)]);

test("modes pass as they were encoded, also those that ssh2 has no name for, each once", () => {
  const known = [mode(129, 38_400), mode(3, 8), mode(42, 1)];
  const end = Buffer.alloc(1);
  expect(modesIn(asked(Buffer.concat([...known, end])))).toEqual(Buffer.concat([...known, end]));
  expect(modesIn(asked(Buffer.concat([mode(3, 8), mode(3, 127), end])))).toEqual(
    Buffer.concat([mode(3, 127), end]),
  );
});

test("what follows the end, or an argument that nobody knows, stays here", () => {
  expect(modesIn(asked(Buffer.concat([mode(3, 8), Buffer.alloc(1), mode(1, 3)])))).toEqual(
    Buffer.concat([mode(3, 8), Buffer.alloc(1)]),
  );
  expect(modesIn(asked(Buffer.concat([mode(200, 8), mode(1, 3)])))).toEqual(Buffer.alloc(1));
  expect(modesIn(asked(Buffer.alloc(0)))).toEqual(Buffer.alloc(1));
  expect(modesIn(asked(mode(3, 8), "env"))).toBeUndefined();
});

test("whatever is done to a request, it is read or left to ssh2, and stays small", () => {
  const whole = asked(Buffer.concat([mode(129, 38_400), mode(3, 8), Buffer.alloc(1)]));
  for (const seed of seeds(200)) {
    const random = new Random(seed);
    const damaged = Buffer.from(whole.subarray(0, random.upTo(whole.length)));
    if (damaged.length > 1) damaged[1 + random.upTo(damaged.length - 2)] = random.upTo(255);
    expect(modesIn(damaged)?.length ?? 0).toBeLessThanOrEqual(159 * 5 + 1);
  }
  expect(modesIn(asked(random(100_000)))?.length).toBeLessThanOrEqual(159 * 5 + 1);
});

const random = (length: number) => new Random(1).bytes(length);
