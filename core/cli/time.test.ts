import { expect, test } from "bun:test";
import { life, moment, past, span } from "./time.ts";

test("spans have at most two units", () => {
  expect([-5, 0, 850, 12_000, 250_000, 10_920_000, 435_600_000, 3_600_000].map(span)).toEqual([
    "0ms",
    "0ms",
    "850ms",
    "12s",
    "4m 10s",
    "3h 2m",
    "5d 1h",
    "1h",
  ]);
});

test("moments are UTC", () => {
  expect(moment(Date.UTC(2026, 10, 21, 20, 21, 1))).toBe("2026-11-21 20:21:01");
});

test("the past is an age or a date", () => {
  expect(past("30m", 2_000_000)).toBe(200_000);
  expect(past("2026-11-21T20:00Z")).toBe(Date.UTC(2026, 10, 21, 20));
  for (const text of ["", "soon", "-1h"]) expect(() => past(text)).toThrow(/no point in time/);
});

test("a life is a duration", () => {
  expect(life("15m")).toBe(900_000);
  expect(() => life("15")).toThrow(/no duration/);
});
