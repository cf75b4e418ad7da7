import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { assert, integer, property, uint8Array } from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Written } from "./entry.ts";
import { follow, type Position } from "./read.ts";
import { outcome, TrailRig } from "./trail-rig.ts";

const rig = new TrailRig();
let written: Written[] = [];
beforeAll(async () => {
  const trail = await rig.open("a-s", { segmentBytes: 16 << 10 });
  for (let op = 0; op < 30; op++) trail.append(outcome(op));
  await trail.close();
  written = [...follow(rig.dataDir, "a-s")];
  mkdirSync(dirname(rig.segment("x-s")), { recursive: true });
});
afterAll(() => rig.remove());

/** Puts these bytes where the stream's only segment is, under its own name. */
function reads(bytes: Uint8Array): { entries: Written[]; stop: unknown } {
  const path = rig.segment("a-s");
  const whole = readFileSync(path);
  try {
    writeFileSync(path, bytes);
    const reader = follow(rig.dataDir, "a-s");
    const entries = [...reader];
    reader.close();
    return { entries, stop: reader.stop };
  } finally {
    writeFileSync(path, whole);
  }
}

test("a live stream is followed as it grows, across segments and from a kept position", async () => {
  const trail = await rig.open("live-s", { segmentBytes: 16 << 10 });
  const reader = follow(rig.dataDir, "live-s");
  const seen: Written[] = [];
  let position: Position | undefined;
  for (let op = 0; op < 300; op++) {
    const seq = trail.append(outcome(op));
    const entries = [...reader];
    expect(entries.at(-1)?.seq).toBe(trail.seq);
    expect(reader.stop).toEqual({ at: "end" });
    seen.push(...entries);
    if (op === 150) position = JSON.parse(JSON.stringify(reader.position)) as Position;
    await trail.durable(seq);
  }
  await trail.close();
  seen.push(...reader);
  expect(rig.segments("live-s")).toBeGreaterThan(2);
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
  const later = [...follow(rig.dataDir, "live-s", position)];
  expect(later).toEqual(seen.slice(position!.seq));
});

test("cut at every byte: the whole entries before the cut, and no other", () => {
  const whole = readFileSync(rig.segment("a-s"));
  const ends = rig.frames("a-s").map(({ offset, length }) => offset + 4 + length);
  for (let length = 0; length < whole.length; length++) {
    const { entries, stop } = reads(whole.subarray(0, length));
    const count = ends.filter((end) => end <= length).length;
    expect(entries).toEqual(written.slice(0, count));
    expect(["end", "damaged"]).toContain((stop as { at: string }).at);
  }
});

test("any byte changed: nothing that was not written is ever read", () => {
  const whole = readFileSync(rig.segment("a-s"));
  assert(
    property(integer({ min: 0, max: whole.length - 1 }), integer({ min: 1, max: 255 }), (at, by) => {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ by;
      const { entries } = reads(bytes);
      expect(entries).toEqual(written.slice(0, entries.length));
    }),
    sampled(400),
  );
});

test("random bytes are no trail, and do no harm", () => {
  assert(
    property(uint8Array({ maxLength: 300 }), (noise) => {
      expect(reads(noise).entries).toEqual([]);
      expect(reads(Buffer.concat([Buffer.from("ptrail1\n"), noise])).entries).toEqual([]);
    }),
    sampled(400),
  );
});
