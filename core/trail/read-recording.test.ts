import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, integer, property, uint8Array } from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Recorded } from "../protocol.ts";
import { Beginning } from "../recording/beginning.ts";
import { readRecording } from "./read-recording.ts";
import { TrailRig } from "./trail-rig.ts";

const rig = new TrailRig();
/** Where an event is told by the rest of it. */
const rounds = new Beginning(`{"name":"round","data":{"round":`);
const rest = Buffer.alloc(64);
let ids: string[] = [];
const file = join(rig.dataDir, "recordings/a-w0/000001.seg");

beforeAll(async () => {
  const trail = await rig.open("a-w0", { recordingSegmentBytes: 16 << 10 });
  const recordings = ["ses_a", "ses_b", "ses_c"].map((session) => trail.record(session));
  ids = recordings.map(({ id }) => id);
  for (let round = 0; round < 4; round++) {
    for (const [index, recording] of recordings.entries()) {
      if (index === 0) await recording.event("round", { round, index });
      else await recording.again(rounds, rest, rest.write(`${round},"index":${index}}}`));
      await recording.bytes(Buffer.from(`${index}:${round};`.repeat(round + 1)));
    }
  }
  recordings[0]!.close();
  // Reading while it goes on: the other two have no end yet.
  expect(contents("ses_b")).toEqual(contents(ids[1]!));
  recordings[1]!.close();
  await trail.close();
});
afterAll(() => rig.remove());

function contents(id: string): unknown[] {
  return [...readRecording(rig.dataDir, id)].map(content);
}

function content(recorded: Recorded): unknown {
  return recorded.kind === "bytes" ? Buffer.from(recorded.bytes).toString() : [recorded.name, recorded.data];
}

test("sessions that passed at the same time come apart again, by session and by id", () => {
  for (const [index, session] of ["ses_a", "ses_b", "ses_c"].entries()) {
    const expected = [0, 1, 2, 3].flatMap((round) => [
      ["round", { round, index }],
      `${index}:${round};`.repeat(round + 1),
    ]);
    expect(contents(session)).toEqual(expected);
    expect(contents(ids[index]!)).toEqual(expected);
  }
  expect(contents("ses_none")).toEqual([]);
  expect(contents("a-w0.1.99")).toEqual([]);
  const times = [...readRecording(rig.dataDir, "ses_a")].map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(0);
});

test("a chunk larger than a segment comes back as one", async () => {
  const trail = await rig.open("b-w0", { recordingSegmentBytes: 16 << 10 });
  const recording = trail.record("ses_large");
  const chunk = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index & 0xff));
  await recording.bytes(chunk);
  await recording.event("after", null);
  expect([...readRecording(rig.dataDir, "ses_large")].map(content)).toEqual([
    chunk.toString(),
    ["after", null],
  ]);
  await trail.close();
});

test("events that begin alike: of each of more beginnings than are kept at a time", async () => {
  const trail = await rig.open("c-w0", { recordingSegmentBytes: 256 << 10 });
  const recording = trail.record("ses_alike");
  const beginnings = Array.from({ length: 300 }, (_, of) => new Beginning(`{"name":"${of}","data":`));
  const asked = [...beginnings, ...beginnings].flatMap((one, at) => [one, beginnings[at % 7] as Beginning]);
  for (const [at, one] of asked.entries()) await recording.again(one, rest, rest.write(`${at}}`));
  expect([...readRecording(rig.dataDir, "ses_alike")].map(content)).toEqual(
    asked.map((one, at) => [`${beginnings.indexOf(one)}`, at]),
  );
  await trail.close();
});

function withFile(bytes: Uint8Array, check: () => void): void {
  const whole = readFileSync(file);
  try {
    writeFileSync(file, bytes);
    check();
  } finally {
    writeFileSync(file, whole);
  }
}

test("cut at every byte: a beginning of what was recorded", () => {
  const whole = readFileSync(file);
  const all = contents("ses_c");
  for (let length = 0; length < whole.length; length++) {
    withFile(whole.subarray(0, length), () => {
      const some = contents(ids[2]!);
      expect(some).toEqual(all.slice(0, some.length));
    });
  }
});

test("changed bytes and noise do no harm", () => {
  const whole = readFileSync(file);
  assert(
    property(
      integer({ min: 0, max: whole.length - 1 }),
      uint8Array({ minLength: 1, maxLength: 40 }),
      (at, noise) => {
        const bytes = Buffer.from(whole);
        bytes.set(noise.subarray(0, bytes.length - at), at);
        withFile(bytes, () => {
          for (const session of ["ses_a", ...ids]) contents(session);
        });
      },
    ),
    sampled(300),
  );
});
