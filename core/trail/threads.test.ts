import { afterAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { follow } from "./read.ts";
import { segmentName } from "./segment.ts";
import { outcome, TrailRig } from "./trail-rig.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

test("a file operation of the recordings that does not end holds no entry back, and one that fails ends the trail", async () => {
  const recordingSegmentBytes = 32 << 20;
  const trail = await rig.open("a-w0", { recordingSegmentBytes });
  const folder = join(rig.dataDir, "recordings", "a-w0");
  const away = `${folder}-away`;
  trail.record("ses_1");
  const made = (path: string) => join(path, segmentName(1));
  while (!existsSync(made(folder))) await Bun.sleep(0);
  // The file that is being made stays open; the folder, which is opened once it is whole, opens when somebody writes to it.
  renameSync(folder, away);
  execFileSync("mkfifo", [folder]);
  while (statSync(made(away)).size < recordingSegmentBytes) await trail.durable(trail.append(outcome(0)));
  for (let op = 1; op <= 200; op++) await trail.durable(trail.append(outcome(op)));
  expect(rig.faults).toEqual([]);
  // It opens, and cannot be flushed.
  const fd = openSync(folder, "r+");
  while (rig.faults.length === 0) await Bun.sleep(1);
  closeSync(fd);
  expect(rig.faults.map(({ error }) => error.code)).toEqual(["trail.dead"]);
  await trail.close();
});

test("a supervisor, which records nothing, has no thread for it, and none starts when it is closed", async () => {
  const trail = await rig.open("b-s");
  expect([0, 1].map((log) => trail.threads.started(log))).toEqual([true, false]);
  await trail.close();
  trail.record("ses_late");
  expect(trail.threads.started(1)).toBe(false);
  expect([...follow(rig.dataDir, "b-s")].map(({ kind }) => kind).slice(-2)).toEqual(["stop", "checkpoint"]);
});

test("a recorder that is done is not one that died", async () => {
  rig.faults.length = 0;
  for (let round = 0; round < 20; round++) {
    const trail = await rig.open(`c${round}-w0`);
    trail.record("ses_1").close();
    await trail.close();
  }
  expect(rig.faults).toEqual([]);
});
