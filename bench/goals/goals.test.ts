import { expect, test } from "bun:test";
import { Samples } from "../figure.ts";
import { steepness } from "../growth/curve.ts";
import { outcomes, report } from "./report.ts";
import type { Measured } from "./rows.ts";

const protocols = ["postgres", "http", "ssh"] as const;
const measured = (samples: Samples): Measured => ({
  samples,
  ...{ flushes: [90, 100, 120], scanner: [500], cores: 2, load: 1 },
});

function row(samples: Samples, what: string): string {
  const all = measured(samples);
  const line = report(outcomes(all, protocols), all)
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
  expect(row(samples, "CPU a query, prepared, to HAProxy's")).toEndWith(
    "| 1.10 × | 1.10 – 3.00 | at most 1.10 × | met",
  );
  expect(row(samples, "CPU a query, prepared, over")).toEndWith(
    "| 11 µs | 2.00 – 18 | at most 4.00 µs | MISSED",
  );
});

test("what was not measured is neither met nor missed, and what does not count here says why", () => {
  const samples = new Samples();
  expect(row(samples, "SSH, scp, to direct")).toEndWith("| at least 0.60 × | not measured");
  samples.add("haproxy", { added: -3 });
  samples.add("record", { added: 30 });
  expect(row(samples, "1 client, added p50, to HAProxy's")).toEndWith("| at most 1.10 × | lost in noise");
  samples.add("record", { "tls.setup": -20 });
  expect(row(samples, "TLS set-up, CPU")).toEndWith("| at most 0.60 ms | lost in noise");
  samples.add("two", { "rate.prepared.64": 10 });
  samples.add("record", { "rate.prepared.64": 10 });
  expect(row(samples, "two workers")).toEndWith("counts from 8 cores on, here are 2");
  samples.add("rule", { beside: 1, "beside.sessions": 500 });
  expect(row(samples, "8 clients beside 10,000")).toContain(
    "| counts from 10,000 sessions on, here were 500",
  );
});

test("what is there to be compared with has no goal and is not counted", () => {
  const samples = new Samples();
  samples.add("direct", { "ssh.scp": 100 });
  samples.add("jump", { "ssh.scp": 50 });
  samples.add("postern", { "ssh.scp": 70 });
  expect(row(samples, "SSH, scp, through a jump host")).toEndWith("| 0.50 × | beside");
  const all = measured(samples);
  expect(report(outcomes(all, ["ssh"]), all)).toContain("1 of 2 met.");
});

test("a cost that grows with the square of its work is steeper than one that grows with it", () => {
  const points = (power: number) => [1, 10, 100].map((x) => ({ x, y: 5 + x ** power }));
  expect(steepness({ title: "linear", points: points(1) })).toBeLessThan(1.1);
  expect(steepness({ title: "square", points: points(2) })).toBeGreaterThan(1.7);
});
