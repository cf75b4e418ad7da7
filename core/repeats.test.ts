import { expect, test } from "bun:test";
import { Repeats } from "./repeats.ts";

test("the first of a kind pass, the rest are counted, and the next span begins anew", () => {
  const told: [string, number][] = [];
  const repeats = new Repeats((key, more) => told.push([key, more]));
  const passed = Array.from({ length: 1_000 }, () => repeats.passes("a")).filter(Boolean);
  expect(passed).toHaveLength(20);
  expect(repeats.passes("b")).toBe(true);
  repeats.flush();
  expect(told).toEqual([["a", 980]]);
  expect(repeats.passes("a")).toBe(true);
  repeats.flush();
  expect(told).toHaveLength(1);
});

test("however many kinds there are, few are kept", () => {
  const told: [string, number][] = [];
  const repeats = new Repeats((key, more) => told.push([key, more]));
  const passed = Array.from({ length: 5_000 }, (_, at) => repeats.passes(`${at}`)).filter(Boolean);
  expect(passed).toHaveLength(1_020);
  repeats.flush();
  expect(told).toEqual([["others", 3_980]]);
});
