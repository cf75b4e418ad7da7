import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { follow } from "./read.ts";
import { readRecording } from "./read-recording.ts";
import { recover } from "./recover.ts";
import { heads } from "./streams.ts";
import { TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

/** Runs the writer until it has told so many numbers, kills it, and returns the last number it told. */
async function killAfter(stream: string, lines: number): Promise<number> {
  const key = Buffer.from(rig.signingKey).toString("base64");
  const script = join(import.meta.dir, "crash-writer.ts");
  const child = Bun.spawn([process.execPath, script, rig.dataDir, stream, key], { stdout: "pipe" });
  let told = "";
  for await (const chunk of child.stdout) {
    told += Buffer.from(chunk).toString();
    if (told.split("\n").length > lines) child.kill("SIGKILL");
  }
  await child.exited;
  return Number(told.split("\n").at(-2));
}

test("what append returned for outlives SIGKILL, again and again", async () => {
  for (let round = 0; round < 6; round++) {
    const stream = `k${round}-w0`;
    const last = await killAfter(stream, 1 + round * 40);
    expect(last).toBeGreaterThan(20);
    const reader = follow(rig.dataDir, stream);
    const entries = [...reader];
    expect(reader.stop).toEqual({ at: "end" });
    expect(entries.length).toBeGreaterThanOrEqual(last);
    const rounds = [...readRecording(rig.dataDir, "ses_crash")].flatMap((recorded) =>
      recorded.kind === "event" && recorded.name === "round" ? [recorded.data as { seq: number }] : [],
    );
    expect(rounds.some(({ seq }) => seq === last)).toBe(true);
    expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
  }
}, 30_000);

test("after the restart all of it is committed to, sealed and cut to size; verify has nothing left to say", async () => {
  const previous = heads(rig.dataDir);
  expect(previous.length).toBe(6);
  const trail = await rig.open("l0-s", { previous });
  recover(
    rig.dataDir,
    trail,
    previous.map(({ stream }) => stream),
  );
  await trail.close();
  const report = verifyTrail(rig.dataDir, rig.publicKey);
  expect(report.findings).toEqual([]);
  expect(report.notes).toEqual([]);
  expect(heads(rig.dataDir).map(({ stream }) => stream)).toEqual(["l0-s"]);
});
