import { afterAll, expect, test } from "bun:test";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { follow } from "./read.ts";
import { streams, workerStarted } from "./streams.ts";
import { TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

function writer(stream: string): { kill(): Promise<void> } {
  const key = Buffer.from(rig.signingKey).toString("base64");
  const script = join(import.meta.dir, "crash-writer.ts");
  const child = Bun.spawn([process.execPath, script, rig.dataDir, stream, key], { stdout: "ignore" });
  return {
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

test("whoever reads while another process writes sees each entry once, in order, whole", async () => {
  const stream = "a0-w0";
  const child = writer(stream);
  try {
    while (!streams(rig.dataDir).includes(stream) || !existsSync(rig.segment(stream))) await Bun.sleep(5);
    const reader = follow(rig.dataDir, stream);
    let last = 0;
    // 128 KB a segment, 130 bytes an entry: each stage is used several times.
    for (let empty = 0; last < 6_000 && empty < 500; ) {
      const entry = reader.next();
      if (entry) {
        expect(entry.seq).toBe(++last);
        empty = 0;
      } else {
        expect(reader.stop.at).not.toBe("damaged");
        empty++;
        await Bun.sleep(1);
      }
    }
    reader.close();
    expect(last).toBe(6_000);
  } finally {
    await child.kill();
  }
}, 30_000);

test("verify finds nothing wrong while another process writes and turns segments over", async () => {
  const child = writer("a1-w0");
  try {
    for (let segments = 0; segments < 25; ) {
      await Bun.sleep(1);
      if (!streams(rig.dataDir).includes("a1-w0")) continue;
      segments = rig.segments("a1-w0");
      expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
    }
  } finally {
    await child.kill();
  }
}, 30_000);

test("a worker that starts while verify is at work is not missed", async () => {
  const dataDir = join(rig.dataDir, "starts");
  const key = { signingKey: rig.signingKey, dataDir };
  const supervisor = await rig.open("b0-s", key);
  const made = await rig.open("b0-w1", {
    signingKey: rig.signingKey,
    dataDir: join(rig.dataDir, "elsewhere"),
  });
  await made.close();
  const verified = (worker: string) => {
    const options = {
      // Asked for once the streams are listed.
      get heads() {
        cpSync(join(rig.dataDir, "elsewhere", "trail", "b0-w1"), join(dataDir, "trail", "b0-w1"), {
          recursive: true,
        });
        supervisor.append(workerStarted(worker));
        return [];
      },
    };
    return verifyTrail(dataDir, rig.publicKey, options).findings;
  };
  expect(verified("b0-w1")).toEqual([]);
  expect(verified("b0-w2")).toMatchObject([{ what: "removed", stream: "b0-w2" }]);
  await supervisor.close();
});
