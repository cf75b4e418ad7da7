import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Supervision } from "../supervision.ts";
import { signingKey } from "./signing-key.ts";
import { WorkerProcess } from "./worker.ts";
import { newStream } from "./worker-plan.ts";

test("a worker that is told of grants while it begins takes them in, and is not lost over it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-worker-"));
  mkdirSync(join(dataDir, "trail"), { recursive: true });
  const worker = new WorkerProcess({ supervision: {} as Supervision, blockedMs: 60_000 });
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
