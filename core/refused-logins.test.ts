import { describe, expect, test } from "bun:test";
import { RefusedLogins } from "./refused-logins.ts";
import { MemoryTrail } from "./testing/rig.ts";

function open() {
  const trail = new MemoryTrail();
  const told: string[] = [];
  const logins = new RefusedLogins(trail, ({ id }) => told.push(id));
  const refuse = (address: string, check = "expired", port = 1) =>
    logins.add({ protocol: "postgres", remote: `${address}:${port}`, check });
  return { told, trail, logins, refuse, entries: () => trail.of("login-refused") };
}

describe("refused logins in the trail", () => {
  test("each has its entry, whose id the caller can quote", () => {
    const { refuse, entries } = open();
    const id = refuse("10.0.0.1");
    expect(entries()).toMatchObject([{ id, remote: "10.0.0.1:1", protocol: "postgres", check: "expired" }]);
    expect(entries()[0]).not.toHaveProperty("more");
  });

  test("what one source does too often is counted, by check, and its callers get the id of that entry", () => {
    const { refuse, entries, logins, told } = open();
    const own = Array.from({ length: 20 }, () => refuse("10.0.0.1"));
    const counted = Array.from({ length: 480 }, (_, at) => refuse("10.0.0.1", at % 2 ? "expired" : "wrong"));
    expect(entries().map(({ id }) => id)).toEqual(own);
    expect(told).toEqual(own);
    const other = refuse("10.0.0.2");
    expect(entries().at(-1)?.id).toBe(other);
    logins.flush();
    const sum = entries().at(-1);
    expect(sum).toMatchObject({
      remote: "10.0.0.1",
      more: 480,
      check: "240 times: wrong; 240 times: expired",
    });
    expect(new Set(counted)).toEqual(new Set([sum?.id ?? ""]));
    expect(refuse("10.0.0.1")).toBe(entries().at(-1)?.id ?? "");
  });

  test("a flood from everywhere, each with another and endless reason, grows the trail by a few KB a second", () => {
    const { refuse, entries, logins } = open();
    for (let at = 0; at < 50_000; at++) {
      refuse(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, `reason ${at} ${"x".repeat(10_000)}`);
    }
    logins.flush();
    const bytes = entries().reduce((sum, entry) => sum + JSON.stringify(entry).length, 0);
    expect(bytes / 10).toBeLessThan(8_000);
    const all = entries().reduce((sum, { more }) => sum + (more ?? 1), 0);
    expect(all).toBe(50_000);
    expect(entries().some(({ remote }) => remote === "several")).toBe(true);
  });

  test("a full trail refuses what has its own entry, and a sum harms nobody", () => {
    const { refuse, trail, logins } = open();
    for (let at = 0; at < 21; at++) refuse("10.0.0.1");
    trail.full = true;
    expect(() => refuse("10.0.0.2")).toThrow("no room");
    logins.flush();
  });
});
