import { expect, test } from "bun:test";
import { ShortLived } from "./short-lived.ts";

test("whoever begins many pushes out their own, not somebody else's", () => {
  const begun = new ShortLived<string>(60_000, 100, 10);
  begun.put("alice's", "alice", "192.0.2.7");
  for (let at = 0; at < 1_000; at++) begun.put(`flood ${at}`, "mallory", "203.0.113.9");
  expect(begun.take("alice's")).toBe("alice");
  expect(begun.take("alice's")).toBeUndefined();
  const left = Array.from({ length: 1_000 }, (_, at) => begun.get(`flood ${at}`)).filter(Boolean);
  expect(left).toHaveLength(10);
  expect(begun.get("flood 999")).toBe("mallory");
});

test("of all there are so many at most, and the oldest go first", () => {
  const begun = new ShortLived<number>(60_000, 100, 10);
  for (let at = 0; at < 200; at++) begun.put(`${at}`, at, `source ${at % 50}`);
  expect([begun.get("99"), begun.get("100"), begun.get("199")]).toEqual([undefined, 100, 199]);
});

test("nothing is found after its time", () => {
  const begun = new ShortLived<number>(0, 100);
  begun.put("a", 1);
  expect(begun.take("a")).toBeUndefined();
});
