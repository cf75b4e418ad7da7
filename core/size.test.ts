import { expect, test } from "bun:test";
import { bytesOf, type Size } from "./size.ts";

test("counts in powers of 1024", () => {
  expect([bytesOf("512B"), bytesOf("1.5KB"), bytesOf("10MB"), bytesOf("2GB")]).toEqual([
    512, 1536, 10_485_760, 2_147_483_648,
  ]);
});

test("refuses what the type cannot", () => {
  for (const size of ["-1MB", "1e3MB", "MB", "1mb", " 1MB"])
    expect(() => bytesOf(size as Size)).toThrow(/no size/);
});
