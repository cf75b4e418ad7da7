import { expect, test } from "bun:test";
import { existsSync } from "node:fs";

const entry = `
import { parentPort } from "node:worker_threads";
import { readFileSync, readlinkSync } from "node:fs";
import { yieldToTraffic } from "${import.meta.dir}/priority.ts";
const nice = (thread) => Number(readFileSync("/proc/" + thread + "/stat", "utf8").replace(/^.*\\) /s, "").split(" ")[16]);
yieldToTraffic();
parentPort.postMessage([nice(readlinkSync("/proc/thread-self")), nice(process.pid)]);
`;

test.skipIf(!existsSync("/proc/thread-self"))("the thread that calls it yields, and no other", async () => {
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(entry)}`));
  const [own, main] = await new Promise<number[]>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  expect((own ?? 0) - (main ?? 0)).toBeGreaterThan(0);
});
