import { parentPort, workerData } from "node:worker_threads";
import { LogWords, type RecorderMessage, type RecorderOptions } from "./control.ts";
import { Keeper } from "./keeper.ts";

/**
 * The recorder thread of one log. It sleeps in Atomics.wait, flushes at once when somebody waits (all that wait,
 * with one flush), and does what is not urgent in small steps in between.
 */
function record({ shared, log, options }: RecorderOptions, tell: (message: RecorderMessage) => void): void {
  const words = new Int32Array(shared);
  const { wake } = new LogWords(log);
  const keeper = new Keeper(words, log, options, tell);
  while (!keeper.done) {
    const seen = Atomics.load(words, wake);
    const now = performance.now();
    if (keeper.due(now) === 0) keeper.flush(now);
    const wait = keeper.due(performance.now());
    if (keeper.work(performance.now())) continue;
    if (Atomics.wait(words, wake, seen, wait) !== "not-equal") keeper.slept();
  }
}

const port = parentPort;
if (port) {
  const options = workerData as RecorderOptions;
  const tell = (message: RecorderMessage) => port.postMessage(message);
  try {
    record(options, tell);
  } catch (error) {
    tell({ kind: "failed", why: String((error as Error).message) });
  }
}
