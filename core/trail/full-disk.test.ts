import { afterAll, afterEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PosternError } from "../error.ts";
import type { Entry } from "./entry.ts";
import { openTrail, type TrailOptions } from "./open.ts";
import { follow } from "./read.ts";
import { readRecording } from "./read-recording.ts";
import type { StreamTrail } from "./stream-trail.ts";
import { TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

const disk = mkdtempSync(join(tmpdir(), "postern-full-"));
const mounted = mount();
const rig = new TrailRig();
const ballast = join(disk, "ballast");
// What an earlier test left would take the room of the next: how much that is hangs on the machine.
afterEach(() => {
  for (const name of readdirSync(disk)) rmSync(join(disk, name), { recursive: true });
});
afterAll(() => {
  if (mounted) execFileSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true, force: true });
  rig.remove();
});

/** Needs root and CAP_SYS_ADMIN. */
function mount(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function fill(): void {
  const fd = openSync(ballast, "a");
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    expect((error as { code?: string }).code).toBe("ENOSPC");
  } finally {
    closeSync(fd);
  }
}

function codeOf(append: () => unknown): string | undefined {
  try {
    append();
    return undefined;
  } catch (error) {
    return error instanceof PosternError ? error.code : String(error);
  }
}

const operation: Entry = {
  kind: "operation",
  session: "s",
  text: "x".repeat(500),
  actions: [],
  rules: [],
  policy: "1",
};
const reason = { code: "trail.full", message: "no" };
const denied: Entry = {
  kind: "denied",
  session: "s",
  text: "x".repeat(500),
  actions: [],
  reason,
  policy: "1",
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(10);
}

function openOn(stream: string, options: Partial<TrailOptions> = {}): Promise<StreamTrail> {
  return rig.open(stream, {
    dataDir: disk,
    segmentBytes: 512 << 10,
    recordingSegmentBytes: 256 << 10,
    pauseMs: 600_000,
    ...options,
  });
}

test.skipIf(!mounted)(
  "a full disk: refused, ended what was begun, and on when there is room (needs a tmpfs)",
  async () => {
    const trail = await openOn("a-w0");
    fill();
    const admitted: number[] = [];
    const running: number[] = [];
    let code: string | undefined;
    const end = (op: number) =>
      trail.append({ kind: "outcome", session: "s", op, outcome: { result: "ok" }, ms: 1 });
    for (;;) {
      code = codeOf(() => admitted.push(trail.append(operation)));
      if (code !== undefined) break;
      // One in eight is still running when the disk is full.
      const op = admitted.at(-1)!;
      if (admitted.length % 8 === 0) running.push(op);
      else end(op);
    }
    expect(code).toBe("trail.full");
    expect(trail.status.state).toBe("full");
    expect(running.length).toBeGreaterThan(50);
    // Refusals can still be written for a while, then are counted; what was admitted can always end.
    let refusals = 0;
    while (codeOf(() => trail.append(denied)) === undefined) refusals++;
    expect(refusals).toBeGreaterThan(10);
    for (const op of running) end(op);
    await trail.durable(trail.seq);
    unlinkSync(ballast);
    await until(() => codeOf(() => trail.append(operation)) === undefined);
    await trail.close();
    const entries = [...follow(disk, "a-w0")];
    expect(entries.filter(({ kind }) => kind === "outcome")).toHaveLength(admitted.length);
    expect(entries.find(({ kind }) => kind === "missed")).toMatchObject({ kind: "missed" });
    expect(verifyTrail(disk, rig.publicKey).findings).toEqual([]);
  },
);

test.skipIf(!mounted)(
  "a full disk under a recording: the session waits, and nothing is lost (needs a tmpfs)",
  async () => {
    const trail = await openOn("b-w0");
    const recording = trail.record("ses_full");
    await recording.event("begin", {});
    fill();
    const chunk = Buffer.alloc(60_000);
    let sent = 0;
    let paused: void | Promise<void>;
    do {
      chunk.fill(++sent);
      paused = recording.bytes(chunk);
    } while (paused === undefined);
    // Its owner uses it again.
    chunk.fill(0);
    unlinkSync(ballast);
    await paused;
    expect(recording.bytes(Buffer.from("more"))).toBeUndefined();
    await trail.close();
    const bytes = [...readRecording(disk, recording.id)].flatMap((recorded) =>
      recorded.kind === "bytes" ? [recorded.bytes] : [],
    );
    expect(bytes.slice(0, -1).map((data) => [data.length, data[0], data.at(-1)])).toEqual(
      Array.from({ length: sent }, (_, index) => [60_000, index + 1, index + 1]),
    );
    expect(bytes.at(-1)).toEqual(Buffer.from("more"));
  },
);

for (const [stream, recorder] of [
  ["c-w0", 1 << 20],
  ["h-w0", 200_000],
] as const) {
  test.skipIf(!mounted)(
    `a session that does not wait is ended when ${recorder} bytes are kept for it (needs a tmpfs)`,
    async () => {
      rig.faults.length = 0;
      const trail = await openOn(stream, { recorder });
      const recording = trail.record("ses_hasty");
      await recording.event("begin", {});
      fill();
      const chunk = new Uint8Array(60_000);
      let last: void | Promise<void> = Promise.resolve();
      let kept = 0;
      for (let sent = 0; rig.faults.length === 0 && sent < 200; sent++) {
        last = recording.bytes(chunk);
        if (last) kept += chunk.length;
      }
      expect(rig.faults.map(({ error, session }) => [error.code, session])).toEqual([
        ["recording.full", "ses_hasty"],
      ]);
      expect(Math.abs(kept - recorder)).toBeLessThan(2 * chunk.length);
      const failure = await (last as Promise<void>).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "recording.full" });
      unlinkSync(ballast);
      await trail.close();
    },
  );
}

test.skipIf(!mounted)("a trail does not open on a full disk (needs a tmpfs)", async () => {
  fill();
  const opened = openTrail({
    dataDir: disk,
    stream: "d-s",
    role: "supervisor",
    strict: false,
    onFault: () => undefined,
  });
  await expect(opened).rejects.toMatchObject({ code: "trail.full" });
  unlinkSync(ballast);
});
