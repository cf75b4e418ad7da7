import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs, testWith } from "../../test/needs.ts";
import type { Supervision } from "../supervision.ts";
import { signingKey } from "./signing-key.ts";
import { cannotCrowd, crowd } from "./testing/crowded.ts";
import { WorkerProcess } from "./worker.ts";
import { newStream } from "./worker-plan.ts";

test("a worker that is told of grants while it begins takes them in, and is not lost over it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-worker-"));
  mkdirSync(join(dataDir, "trail"), { recursive: true });
  const worker = new WorkerProcess({
    supervision: { trailRests() {} } as unknown as Supervision,
    blockedMs: 60_000,
  });
  try {
    const begun = worker.peer.call("begin", {
      ...{ worker: 0, dataDir, stream: newStream("worker-0"), strict: false, recorder: 1 << 20 },
      ...{ signingKey: signingKey(dataDir).path, log: { level: "silent" }, endings: [], grants: [] },
    });
    const told = worker.peer.call("useGrants", []).then(() => "taken in");
    await begun;
    expect(await told).toBe("taken in");
  } finally {
    worker.kill("the test is over");
    await worker.exited;
    rmSync(dataDir, { recursive: true });
  }
});

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A scripted worker for which the machine has next to no processor, and a promise of the silence that follows. */
async function crowded(blockedMs: number, act: "loop" | "take") {
  const silent = Promise.withResolvers<string>();
  const worker = new WorkerProcess({
    supervision: { sessionClosed() {} } as unknown as Supervision,
    blockedMs,
    starved: () => silent.resolve("silent"),
    entry: join(import.meta.dir, "testing/scripted-worker.ts"),
  });
  opened.push(() => {
    worker.kill("the test is over");
    return worker.exited;
  });
  await worker.peer.call("begin", {
    ...{ worker: 0, dataDir: tmpdir(), stream: "0-1", strict: false, recorder: 0 },
    ...{ signingKey: "", log: {}, endings: [], grants: [] },
  });
  const end = crowd(worker.pid);
  opened.push(end);
  const asked = worker.peer.call("prepare", { version: "a", code: `{"0":"${act}"}`, files: [] }, { test: 7 });
  asked.catch(() => {});
  return { worker, asked, end, silent: silent.promise };
}

testWith(needs.proc, cannotCrowd)(
  "a worker for which the machine has no processor is not blocked",
  async () => {
    const { worker, asked, end, silent } = await crowded(250, "take");
    expect(await Promise.race([silent, worker.exited])).toBe("silent");
    end();
    expect(await Promise.race([asked, worker.exited])).toEqual({ test: 7 });
  },
  60_000,
);

testWith(needs.proc, cannotCrowd)(
  "one that loops is, also on a machine that has no processor for it",
  async () => {
    const { worker, silent } = await crowded(250, "loop");
    expect(await Promise.race([silent, worker.exited])).toBe("silent");
    expect(await worker.exited).toBe("blocked");
  },
  60_000,
);
