import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cut, keptBytes } from "./cut.ts";

test("what fits stays whole, to the byte", () => {
  for (const text of ["", "select 1", "x".repeat(keptBytes), "é".repeat(keptBytes / 2)])
    expect(cut(text)).toEqual({ text });
});

test("what does not fit is cut at a character, with hash and length of all of it", () => {
  for (const character of ["x", "é", "€", "😀"]) {
    for (let lead = 0; lead < 4; lead++) {
      const text = "a".repeat(lead) + character.repeat(keptBytes + 1);
      const { text: kept, whole } = cut(text);
      expect(text.startsWith(kept)).toBe(true);
      const left = keptBytes - Buffer.byteLength(kept);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left).toBeLessThan(Buffer.byteLength(character));
      expect(whole).toEqual({
        sha256: createHash("sha256").update(text).digest("hex"),
        bytes: Buffer.byteLength(text),
      });
    }
  }
});
