import { afterAll, expect, spyOn, test } from "bun:test";
import { controlBytes, LogWords } from "./control.ts";
import type { StreamTrail } from "./stream-trail.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";
import { Watermark } from "./watermark.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

/** All that a trail tells of it, and a wait for its next rest. */
function watched(trail: StreamTrail): { readonly told: boolean[]; rests(): Promise<void> } {
  const told: boolean[] = [];
  trail.watchRest((rests) => told.push(rests));
  return {
    told,
    async rests() {
      while (told.at(-1) !== true) await Bun.sleep(10);
    },
  };
}

test("a trail rests once all is flushed and signed, and tells so; what is written wakes it", async () => {
  const trail = await rig.open("a-w0");
  const { told, rests } = watched(trail);
  await rests();
  expect(told).toEqual([false, true]);
  trail.append(outcome(1));
  expect(told).toEqual([false, true, false]);
  trail.append(outcome(2));
  await rests();
  // Signed before it rested, though nothing came that would have brought it.
  expect(told).toEqual([false, true, false, true]);
  expect(rig.frames("a-w0").map(({ entry }) => `${entry.kind}`)).toEqual([
    ...["start", "checkpoint", "outcome", "outcome", "checkpoint"],
  ]);
  expect(watched(trail).told).toEqual([true]);
  await trail.close();
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
});

test("a recording alone keeps it awake until it is flushed", async () => {
  const trail = await rig.open("b-w0");
  const { told, rests } = watched(trail);
  await rests();
  const recording = trail.record("ses_test");
  expect(told.at(-1)).toBe(false);
  await rests();
  await recording.bytes(Buffer.from("x"));
  expect(told.at(-1)).toBe(false);
  await rests();
  await trail.close();
});

test("a recorder that stops is noticed at rest as well", async () => {
  const trail = await rig.open("c-w0", { lateMs: 200 });
  await watched(trail).rests();
  await trail.threads.kill(0);
  expect(trail.status.state).toBe("dead");
  expect(() =>
    trail.append({ kind: "operation", session: "s", text: "q", actions: [], rules: [], policy: "1" }),
  ).toThrow();
  await trail.close();
});

test("what the recorder has flushed before its writer noted it wakes the trail as well: it is not signed yet", () => {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  let woken = 0;
  const mark = new Watermark(words, 0, 1000, undefined, () => woken++);
  for (const seq of [1, 2]) {
    Atomics.store(words, new LogWords(0).flushed, seq);
    mark.appended(seq, performance.now());
    expect(woken).toBe(seq);
  }
});

test("a clock that is set back leaves no tail unsigned, nor the trail awake", async () => {
  const trail = await rig.open("d-w0");
  const { rests } = watched(trail);
  await rests();
  trail.append(outcome(1));
  const { now } = Date;
  const clock = spyOn(Date, "now").mockImplementation(() => now() - 3_600_000);
  try {
    await rests();
  } finally {
    clock.mockRestore();
  }
  expect(rig.frames("d-w0").at(-1)?.entry.kind).toBe("checkpoint");
  await trail.close();
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
});
