import { expect, test } from "bun:test";
import { hashBytes } from "./chain.ts";
import { StageCheck } from "./stage-check.ts";

const check = new StageCheck("a-w0");

function checked(body: string, seq: number): Buffer {
  const payload = Buffer.concat([Buffer.alloc(hashBytes, 7), Buffer.from(body)]);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  check.put(view, 0, payload.length, seq);
  return payload;
}

test("an entry fits its own stream and number only, and with no bit of it changed", () => {
  for (let length = 1; length < 40; length++) {
    const seq = length * 2 ** 31;
    const payload = checked("x".repeat(length), seq);
    expect(check.fits(payload, seq)).toBe(true);
    for (const other of [seq - 1, seq + 1, seq + 2 ** 32, 0]) expect(check.fits(payload, other)).toBe(false);
    expect(new StageCheck("a-w1").fits(payload, seq)).toBe(false);
    expect(check.fits(payload.subarray(0, -1), seq)).toBe(false);
    expect(check.fits(Buffer.concat([payload, Buffer.alloc(1)]), seq)).toBe(false);
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const beforeBody = bit >= 64 && bit < hashBytes * 8;
      payload[bit >> 3]! ^= 1 << (bit & 7);
      expect(check.fits(payload, seq)).toBe(beforeBody);
      payload[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
});

test("what is no entry at all fits nothing", () => {
  for (const payload of [Buffer.alloc(0), Buffer.alloc(hashBytes), Buffer.alloc(hashBytes + 100)])
    expect(check.fits(payload, 1)).toBe(false);
});

test("it may stand anywhere", () => {
  const payload = checked("a body", 5);
  for (let from = 0; from < 8; from++) {
    const moved = Buffer.concat([Buffer.alloc(from), payload]).subarray(from);
    expect(check.fits(moved, 5)).toBe(true);
  }
});
