import { expect, test } from "bun:test";
import { createMetrics, renderMetrics } from "./metrics.ts";

test("tallies are counted once, however often they are scraped, and processes add up", async () => {
  const [one, two] = [createMetrics("worker-0"), createMetrics("worker-1")];
  const allowed = one.operations.of("postgres", "allowed");
  allowed.value += 3;
  expect(one.operations.of("postgres", "allowed")).toBe(allowed);
  two.operations.of("postgres", "allowed").value += 4;
  two.operations.of("postgres", "denied").value += 1;
  await one.registry.metrics();
  const scrape = async () =>
    renderMetrics([await one.registry.getMetricsAsJSON(), await two.registry.getMetricsAsJSON()]);
  await scrape();
  const text = await scrape();
  expect(text).toContain('postern_operations_total{protocol="postgres",verdict="allowed"} 7');
  expect(text).toContain('postern_operations_total{protocol="postgres",verdict="denied"} 1');
  expect(text).toContain('postern_process_resident_bytes{process="worker-1"}');
});
