import { parentPort, workerData } from "node:worker_threads";
import { type RecorderMessage, type RecorderOptions, WAKE } from "./control.ts";
import { Keeper } from "./keeper.ts";

/**
 * The recorder thread. It sleeps in Atomics.wait, flushes at once when somebody waits (all that wait,
 * with one flush), and does what is not urgent in small steps in between.
 */
function record({ shared, logs }: RecorderOptions, tell: (message: RecorderMessage) => void): void {
  const words = new Int32Array(shared);
  const keepers = logs.map((options, log) => new Keeper(words, log, options, tell));
  while (!keepers.every((keeper) => keeper.done)) {
    const seen = Atomics.load(words, WAKE);
    let wait = Number.POSITIVE_INFINITY;
    for (const keeper of keepers) {
      const now = performance.now();
      if (keeper.due(now) === 0) keeper.flush(now);
      wait = Math.min(wait, keeper.due(performance.now()));
    }
    let worked = false;
    for (const keeper of keepers) worked = keeper.work(performance.now()) || worked;
    if (!worked && Atomics.wait(words, WAKE, seen, wait) !== "not-equal")
      for (const keeper of keepers) keeper.slept();
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
