import { describe, expect, test } from "bun:test";
import { createMetrics } from "../metrics.ts";
import { FailedLogins } from "./failed-logins.ts";

const minute = 60_000;

function open() {
  const clock = { now: 1_000_000 };
  const metrics = createMetrics();
  const failed = new FailedLogins(metrics, () => clock.now);
  const times = (count: number, remote: string) =>
    Array.from({ length: count }, (_, at) => failed.failed(`${remote}:${1000 + at}`));
  return { clock, metrics, failed, times };
}

describe("failed logins", () => {
  test("five cost nothing, then each waits twice as long as the one before, up to an end", () => {
    const { times } = open();
    expect(times(12, "10.0.0.1")).toEqual([0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 8000, 16_000]);
    expect(times(100, "10.0.0.1").at(-1)).toBe(64_000);
  });

  test("one source pays for itself alone; an IPv6 network is one source", () => {
    const { times, failed } = open();
    times(50, "10.0.0.1");
    expect(failed.failed("10.0.0.2:1")).toBe(0);
    for (let at = 1; at <= 5; at++) failed.failed(`2001:db8::${at}:1`);
    expect(failed.failed("2001:db8::ffff:1")).toBe(250);
    expect(failed.failed("2001:db8:0:1::1:1")).toBe(0);
  });

  test("time makes it forgotten, however much there was", () => {
    const { times, clock } = open();
    times(10_000, "10.0.0.1");
    clock.now += 2 * minute;
    expect(times(1, "10.0.0.1")).toEqual([0]);
    expect(times(2, "10.0.0.1")).toEqual([250, 500]);
  });

  test("a slow guesser is not forgotten faster than it guesses", () => {
    const { times, clock } = open();
    let wait = 0;
    for (let at = 0; at < 50; at++) {
      [wait = 0] = times(1, "10.0.0.1");
      clock.now += 5_000;
    }
    expect(wait).toBeGreaterThan(10_000);
  });

  test("so many sources are remembered, and who fails now is not the one that is forgotten", () => {
    const { times, failed } = open();
    times(6, "10.0.0.1");
    for (let at = 0; at < 9_999; at++) failed.failed(`10.1.${at >> 8}.${at & 255}:1`);
    expect(times(1, "10.0.0.1")).toEqual([500]);
    for (let at = 0; at < 10_000; at++) failed.failed(`10.2.${at >> 8}.${at & 255}:1`);
    expect(times(1, "10.0.0.1")).toEqual([0]);
  });

  test("an operator sees how many there are, and how many of them are slowed", async () => {
    const { times, metrics } = open();
    times(7, "10.0.0.1");
    const text = await metrics.registry.metrics();
    expect(text).toContain('postern_logins_failed_total{slowed="no"} 5');
    expect(text).toContain('postern_logins_failed_total{slowed="yes"} 2');
  });
});
