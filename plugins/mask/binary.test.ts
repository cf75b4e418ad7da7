import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import { int8Text, numericText } from "./binary.ts";

test("any bytes are a number or nothing, and not a long one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (drawn) => {
      const bytes = Buffer.from(drawn);
      expect(int8Text(bytes)).toMatch(/^(-?\d{1,19})?$/);
      expect(numericText(bytes)).toMatch(/^\d{0,60}$/);
    }),
    sampled(1000),
  );
});

test("the digits of a card", () => {
  const card = Buffer.from("0004000300000000" + "115c04570457" + "0457", "hex");
  expect(numericText(card)).toBe("4444111111111111");
  expect(int8Text(Buffer.from("000e9c4d5a0b1c7f", "hex"))).toMatch(/^\d{16}$/);
});
