import { expect, test } from "bun:test";
import { type Duration, milliseconds } from "./duration.ts";
import { PosternError } from "./error.ts";

test.each([
  ["500ms", 500],
  ["0s", 0],
  ["1.5s", 1_500],
  ["15m", 900_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
] satisfies [Duration, number][])("%s is %d milliseconds", (duration, expected) => {
  expect(milliseconds(duration)).toBe(expected);
});

test.each(["", "s", "15", "-1s", "1 s", "1e3s", "0x1s", "1.s", "Infinitys", "1min", "15m\n"])(
  "%j is none",
  (text) => {
    expect(() => milliseconds(text as Duration)).toThrow(PosternError);
  },
);
