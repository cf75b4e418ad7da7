import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { genesis } from "./chain.ts";
import { linked } from "./read.ts";
import { heads, workerStarted } from "./streams.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

// One folder with a supervisor that started a worker, both closed, and a later supervisor that commits
// to both; every attack works on a copy of it.
const rig = new TrailRig();
let copy = "";
beforeAll(async () => {
  const supervisor = await rig.open("a0-s");
  const worker = await rig.open("a0-w0");
  supervisor.append(workerStarted("a0-w0"));
  const recording = worker.record("ses_test");
  await recording.bytes(Buffer.from("what the caller saw"));
  for (let op = 1; op <= 700; op++) {
    worker.append(outcome(op));
    if (op % 100 === 0) worker.sign();
    await worker.durable(worker.seq);
  }
  await worker.close();
  await supervisor.close();
  const later = await rig.open("b0-s", { previous: heads(rig.dataDir) });
  await later.close();
});
afterAll(() => rig.remove());

function attack(
  how: (file: (stream: string, index?: number) => string, dir: string) => void,
  stream = "a0-w0",
) {
  copy = mkdtempSync(join(tmpdir(), "postern-attack-"));
  try {
    cpSync(rig.dataDir, copy, { recursive: true });
    how((name, index) => rig.segment(name, index).replace(rig.dataDir, copy), copy);
    const report = verifyTrail(copy, rig.publicKey);
    return { ...report, found: report.findings.filter((finding) => finding.stream === stream) };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function edit(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes) ?? bytes);
}

function flip(path: string, at: number): void {
  edit(path, (bytes) => {
    bytes[at] = bytes[at]! ^ 1;
    return bytes;
  });
}

test("an untouched trail verifies, all of it signed", () => {
  const report = verifyTrail(rig.dataDir, rig.publicKey);
  expect(report.findings).toEqual([]);
  expect(report.notes).toEqual([]);
  expect(report.ok).toBe(true);
  expect(rig.segments("a0-w0")).toBeGreaterThan(1);
  expect(report.streams.map(({ stream, ended, committed }) => ({ stream, ended, committed }))).toEqual([
    { stream: "a0-s", ended: true, committed: true },
    { stream: "a0-w0", ended: true, committed: true },
    { stream: "b0-s", ended: true, committed: false },
  ]);
});

test("another key does not verify it", () => {
  const other = new TrailRig();
  expect(verifyTrail(rig.dataDir, other.publicKey).findings[0]).toMatchObject({ what: "forged", seq: 2 });
  other.remove();
});

describe("every byte of an entry counts", () => {
  const places = {
    "length word": 0,
    "hash, first byte": 4,
    "hash, last byte": 35,
    "body, first byte": 36,
    "body, middle": 70,
  };
  for (const [name, offset] of Object.entries(places)) {
    for (const stream of ["a0-w0", "b0-s"]) {
      for (const at of ["first", "middle", "last"] as const) {
        test(`${name} of the ${at} entry of ${stream}`, () => {
          const index = at === "last" ? rig.segments(stream) : 1;
          const frames = rig.frames(stream, index);
          const frame = frames[at === "first" ? 0 : at === "last" ? frames.length - 1 : frames.length >> 1]!;
          const { ok, found } = attack((file) => flip(file(stream, index), frame.offset + offset), stream);
          expect(ok).toBe(false);
          expect(found.length).toBeGreaterThan(0);
        });
      }
    }
  }
  test("a change names the entry and the file", () => {
    const frame = rig.frames("a0-w0")[40]!;
    const lastDigit = frame.offset + 4 + frame.length - 2;
    const { found } = attack((file) => flip(file("a0-w0"), lastDigit));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ what: "changed", seq: 41, file: "trail/a0-w0/000001.seg" });
  });
  test("the end mark and the magic of a segment", () => {
    const last = rig.frames("a0-w0").at(-1)!;
    const end = last.offset + ((4 + last.length + 3) & ~3);
    expect(
      attack((file) => edit(file("a0-w0"), (bytes) => void bytes.writeInt32LE(0, end))).found[0]?.what,
    ).toBe("cut-off");
    expect(attack((file) => flip(file("a0-w0"), 3)).ok).toBe(false);
  });
});

test("a removed entry", () => {
  const [, , gone, next] = rig.frames("a0-w0");
  const { found } = attack((file) =>
    edit(file("a0-w0"), (bytes) =>
      Buffer.concat([bytes.subarray(0, gone!.offset), bytes.subarray(next!.offset)]),
    ),
  );
  expect(found[0]).toMatchObject({ what: "removed", seq: 3 });
});

test("two entries that changed places", () => {
  const [, , , first, second, third] = rig.frames("a0-w0");
  const { found } = attack((file) =>
    edit(file("a0-w0"), (bytes) =>
      Buffer.concat([
        bytes.subarray(0, first!.offset),
        bytes.subarray(second!.offset, third!.offset),
        bytes.subarray(first!.offset, second!.offset),
        bytes.subarray(third!.offset),
      ]),
    ),
  );
  expect(found.map(({ what }) => what)).toContain("reordered");
});

describe("cut off", () => {
  test("in the middle of the last entry, and between two", () => {
    const index = rig.segments("a0-w0");
    const [before, last] = rig.frames("a0-w0", index).slice(-2);
    for (const length of [last!.offset + 50, last!.offset, before!.offset]) {
      const { found } = attack((file) => truncateSync(file("a0-w0", index), length));
      expect(found.map(({ what }) => what)).toContain("cut-off");
    }
  });
  test("the newest stream, to which nothing commits, is found by a head that was kept elsewhere", () => {
    const last = rig.frames("b0-s").at(-1)!;
    copy = mkdtempSync(join(tmpdir(), "postern-attack-"));
    const kept = heads(rig.dataDir);
    cpSync(rig.dataDir, copy, { recursive: true });
    truncateSync(join(copy, "trail/b0-s/000001.seg"), last.offset);
    expect(verifyTrail(copy, rig.publicKey, { heads: kept }).findings[0]).toMatchObject({
      what: "cut-off",
      stream: "b0-s",
    });
    rmSync(copy, { recursive: true });
  });
  test("a segment in the middle, the first, the last", () => {
    for (const index of [1, 2, rig.segments("a0-w0")]) {
      const { found } = attack((file) => unlinkSync(file("a0-w0", index)));
      expect(found.some(({ what }) => what === "removed" || what === "cut-off")).toBe(true);
    }
  });
});

test("a whole stream that is gone, a worker's or a supervisor's, with or without the later one's word", () => {
  for (const stream of ["a0-w0", "a0-s"]) {
    const { found } = attack((_, dir) => rmSync(join(dir, "trail", stream), { recursive: true }), stream);
    expect(found[0]).toMatchObject({ what: "removed", stream });
  }
  const { found } = attack((_, dir) => {
    rmSync(join(dir, "trail/a0-w0"), { recursive: true });
    rmSync(join(dir, "trail/b0-s"), { recursive: true });
  });
  expect(found[0]).toMatchObject({ what: "removed", stream: "a0-w0" });
});

test("the newest supervisor's stream is missed by the workers that it started", async () => {
  const two = new TrailRig();
  try {
    for (const run of ["a0", "b0"]) {
      const supervisor = await two.open(`${run}-s`, { previous: heads(two.dataDir) });
      const worker = await two.open(`${run}-w0`);
      supervisor.append(workerStarted(`${run}-w0`));
      await worker.close();
      await supervisor.close();
    }
    expect(verifyTrail(two.dataDir, two.publicKey).findings).toEqual([]);
    rmSync(join(two.dataDir, "trail/b0-s"), { recursive: true });
    const { findings } = verifyTrail(two.dataDir, two.publicKey);
    expect(findings).toMatchObject([{ what: "removed", stream: "b0-w0" }]);
  } finally {
    two.remove();
  }
});

test("a stream under another's name", () => {
  expect(
    attack((_, dir) => renameSync(join(dir, "trail/b0-s"), join(dir, "trail/b1-s")), "b1-s").found.length,
  ).toBeGreaterThan(0);
});

/** Rewrites the chain from `from` on as somebody who knows the format but not the key would. */
function rechain(bytes: Buffer, stream: string, frames: { offset: number; length: number }[]): void {
  let previous: Uint8Array = genesis(stream);
  for (const { offset, length } of frames) {
    const payload = bytes.subarray(offset + 4, offset + 4 + length);
    payload.set(linked(previous, payload)!, 0);
    previous = new Uint8Array(payload.subarray(0, 32));
  }
}

test("an entry rewritten together with all hashes after it: the signature does not fit", () => {
  const frames = rig.frames("b0-s");
  const { found } = attack((file) => {
    edit(file("b0-s"), (bytes) => {
      const at = bytes.indexOf('"pid":') + 6;
      bytes[at] = bytes[at] === 0x31 ? 0x32 : 0x31;
      rechain(bytes, "b0-s", frames);
    });
  }, "b0-s");
  expect(found.map(({ what }) => what)).toContain("forged");
});

test("an end torn by a power cut: told before the next start, forgiven once that commits to what is before", async () => {
  const other = new TrailRig();
  const worker = await other.open("a-w0");
  for (let op = 1; op <= 10; op++) worker.append(outcome(op));
  await worker.durable(worker.seq);
  const last = other.frames("a-w0").at(-1)!;
  flip(other.segment("a-w0"), last.offset + 40);
  expect(verifyTrail(other.dataDir, other.publicKey).findings[0]).toMatchObject({ what: "changed", seq: 12 });
  const previous = heads(other.dataDir);
  expect(previous[0]?.seq).toBe(11);
  await (await other.open("b-s", { previous })).close();
  const { findings, notes } = verifyTrail(other.dataDir, other.publicKey);
  expect(findings).toEqual([]);
  expect(notes[0]).toMatchObject({ what: "cut-off", stream: "a-w0", seq: 12 });
  // Before the place that the later stream commits to, nothing is forgiven.
  flip(other.segment("a-w0"), other.frames("a-w0")[4]!.offset + 40);
  expect(verifyTrail(other.dataDir, other.publicKey).ok).toBe(false);
  other.remove();
});

test("what is unsigned at the end of a living stream is a note, not a finding", async () => {
  const other = new TrailRig();
  const worker = await other.open("a-w0");
  worker.append(outcome(1));
  const { ok, notes } = verifyTrail(other.dataDir, other.publicKey);
  expect(ok).toBe(true);
  expect(notes[0]).toMatchObject({ what: "unsigned", seq: 3 });
  await worker.close();
  other.remove();
});

test("something added after the end", () => {
  const frames = rig.frames("b0-s");
  const { found } = attack((file) => {
    edit(file("b0-s"), (bytes) => {
      const last = frames.at(-1)!;
      const body = Buffer.from(JSON.stringify({ seq: last.entry.seq + 1, time: Date.now(), ...outcome(1) }));
      const frame = Buffer.concat([Buffer.alloc(36), body, Buffer.alloc(3)]);
      frame.writeInt32LE(32 + body.length);
      const payload = frame.subarray(4, 36 + body.length);
      payload.set(linked(bytes.subarray(last.offset + 4, last.offset + 36), payload)!, 0);
      return Buffer.concat([bytes, frame]);
    });
  }, "b0-s");
  expect(found[0]).toMatchObject({ what: "added" });
});

test("a recording that was changed, and one that is gone", () => {
  const path = (dir: string) => join(dir, "recordings/a0-w0/000001.seg");
  expect(attack((_, dir) => flip(path(dir), 40)).found[0]).toMatchObject({
    what: "changed",
    file: "recordings/a0-w0/000001.seg",
  });
  expect(attack((_, dir) => unlinkSync(path(dir))).found[0]).toMatchObject({ what: "removed" });
});
