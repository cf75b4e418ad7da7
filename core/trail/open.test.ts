import { afterAll, expect, test } from "bun:test";
import { follow } from "./read.ts";
import { readRecording } from "./read-recording.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

test("what is appended can be read back, over several segments, and verifies", async () => {
  const trail = await rig.open("a-s");
  const recording = trail.record("ses_1");
  await recording.event("query", { text: "select 1" });
  const large = new Uint8Array(300_000).fill(7);
  await recording.bytes(large);
  for (let op = 1; op <= 600; op++) {
    const seq = trail.append(outcome(op));
    if (op % 10 === 0) await trail.durable(seq);
  }
  recording.close();
  await trail.close();
  const reader = follow(rig.dataDir, "a-s");
  const entries = [...reader];
  expect(reader.stop).toEqual({ at: "end" });
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  expect(entries.flatMap((entry) => (entry.kind === "outcome" ? [entry.op] : []))).toEqual(
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
  expect(entries[0]?.kind).toBe("start");
  expect(entries.slice(-2).map(({ kind }) => kind)).toEqual(["stop", "checkpoint"]);
  expect(rig.segments("a-s")).toBeGreaterThan(1);
  const recorded = [...readRecording(rig.dataDir, recording.id)];
  expect(recorded[0]).toMatchObject({ kind: "event", name: "query", data: { text: "select 1" } });
  expect(recorded[1]?.kind === "bytes" && Buffer.from(large).equals(recorded[1].bytes)).toBe(true);
  expect(recorded).toHaveLength(2);
  const { findings, notes } = verifyTrail(rig.dataDir, rig.publicKey);
  expect([...findings, ...notes]).toEqual([]);
});

test("a stream's name is used once", async () => {
  await expect(rig.open("a-s")).rejects.toMatchObject({ code: "trail.exists" });
});

test("an entry that is too large is refused, and the next one is written", async () => {
  const trail = await rig.open("b-s");
  const { seq } = trail;
  const what = "x".repeat(64 << 10);
  expect(() => trail.append({ kind: "admin", what, by: "test" })).toThrow(
    expect.objectContaining({ code: "trail.too-large" }),
  );
  expect(trail.append(outcome(1))).toBe(seq + 1);
  await trail.close();
});

test("entries that are too many to be chained at once where the recorder has its place for them", async () => {
  const trail = await rig.open("c-s", { segmentBytes: 8 << 20 });
  const what = "x".repeat(200_000);
  for (let round = 0; round < 30; round++) {
    for (let entry = 0; entry < 3; entry++) trail.append({ kind: "admin", what, by: "test" });
    trail.sign();
    await trail.durable(trail.seq);
  }
  await trail.close();
  expect(rig.segments("c-s")).toBeGreaterThan(1);
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
});
