import { expect, test } from "bun:test";
import { Samples } from "../figure.ts";
import { steepness } from "../growth/curve.ts";
import { report } from "./report.ts";

const beside = { flush: 100, scanner: 500, cores: 2, load: 1 };

function row(samples: Samples, what: string): string {
  const line = report({ postgres: samples, ...beside })
    .split("\n")
    .find((each) => each.startsWith(what));
  return (line ?? "").replaceAll(/ {2,}/g, " | ");
}

test("a row says what was measured, by rounds, and whether it is met", () => {
  const samples = new Samples();
  // A round that was disturbed as a whole disturbs no ratio.
  for (const [haproxy, record, relay] of [
    [10, 11, 9],
    [100, 110, 99],
    [10, 30, 12],
  ] as const) {
    samples.add("haproxy", { "cpu.prepared": haproxy });
    samples.add("record", { "cpu.prepared": record });
    samples.add("relay", { "cpu.prepared": relay });
  }
  expect(row(samples, "CPU a query, prepared, to HAProxy's")).toEndWith("| 1.10 × | at most 1.10 × | met");
  expect(row(samples, "CPU a query, prepared, over")).toEndWith("| 11 µs | at most 4.00 µs | MISSED");
});

test("what was not measured is neither met nor missed, and what does not count here says why", () => {
  const samples = new Samples();
  expect(row(samples, "SSH, scp")).toEndWith("| at least 0.60 × | not measured");
  samples.add("haproxy", { added: -3 });
  samples.add("record", { added: 30 });
  expect(row(samples, "1 client, added p50, to HAProxy's")).toEndWith("| at most 1.10 × | lost in noise");
  samples.add("two", { "rate.prepared.64": 10 });
  samples.add("record", { "rate.prepared.64": 10 });
  expect(row(samples, "two workers")).toEndWith("counts from 8 cores on, here are 2");
});

test("a cost that grows with the square of its work is steeper than one that grows with it", () => {
  const points = (power: number) => [1, 10, 100].map((x) => ({ x, y: 5 + x ** power }));
  expect(steepness({ title: "linear", points: points(1) })).toBeLessThan(1.1);
  expect(steepness({ title: "square", points: points(2) })).toBeGreaterThan(1.7);
});
