import { expect, test } from "bun:test";
import { Samples } from "../figure.ts";
import { baselineOf, compare, verdict } from "./compare.ts";

const figures = [{ id: "cpu", title: "CPU", unit: "µs", better: "less", to: "haproxy" }] as const;
const peers = ["bare"];

function measured(...readings: readonly (readonly [haproxy: number, bare: number])[]): Samples {
  const samples = new Samples();
  for (const [haproxy, bare] of readings) {
    samples.add("haproxy", { cpu: haproxy });
    samples.add("bare", { cpu: bare });
  }
  return samples;
}

test("the baseline holds each peer's ratio to the reference, and how much it moves about", () => {
  const calm = measured([10, 20], [20, 42], [10, 19]);
  expect(baselineOf(calm, figures, peers)).toEqual({ "bare cpu": { value: 2, noise: 0.3 } });
  const restless = measured([10, 20], [20, 60], [10, 15]);
  expect(baselineOf(restless, figures, peers)["bare cpu"]?.noise).toBe(0.75);
  expect(baselineOf(measured([10, 20]), figures, peers)["bare cpu"]?.noise).toBe(0.3);
});

test("a machine that is slower for all alike is no worse", () => {
  const baseline = { "bare cpu": { value: 2, noise: 0.2 } };
  expect(compare(measured([10, 20], [30, 60], [11, 22]), figures, peers, baseline)[0]?.worse).toBe(false);
});

test("more than the noise is worse, and a figure that is missing is as well, on either side", () => {
  const baseline = { "bare cpu": { value: 2, noise: 0.2 }, "bare gone": { value: 1, noise: 0.2 } };
  const compared = compare(measured([10, 24.1]), figures, peers, baseline);
  expect(compared.map(({ worse }) => worse)).toEqual([true, true]);
  expect(compare(measured([10, 24]), figures, peers, baseline)[0]?.worse).toBe(false);
  expect(verdict(compared)).toContain("WORSE  bare gone                was not measured");
  expect(verdict(compare(measured([10, 20]), figures, peers, {}))).toMatch(/^WORSE.*nobody has accepted it/);
});
