import { threadClock } from "../cpu-clock.ts";

/** Milliseconds in which what waits for the disk has passed. */
const catchingUp = 200;
/** As many runs as fit; the first ones compile it. */
const patience = { milliseconds: 500, least: 8, most: 300 };

/**
 * Microseconds of this thread's CPU that `act` takes, at its best: whoever else wants the machine makes most runs dearer
 * and none cheaper. `before` is done each time ahead of it and does not count. `act` returns false where not all of it passed, as
 * the disk was late and what is recorded waited: that run does not count either.
 */
export async function best(act: () => unknown, before: () => unknown = () => {}): Promise<number> {
  const until = performance.now() + patience.milliseconds;
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < patience.most && (run < patience.least || performance.now() < until); run++) {
    await before();
    let passed: unknown;
    const took = threadMicros(() => {
      passed = act();
    });
    if (passed !== false) least = Math.min(least, took);
    // What works beside it (the recorder, the collector) has its turn.
    await Bun.sleep(passed === false ? catchingUp : 1);
  }
  if (!Number.isFinite(least)) throw new Error("The disk is too busy: no run passes as a whole.");
  return least;
}

/** Microseconds of this thread's CPU: what others take of the processor meanwhile is not in it. */
export function threadMicros(act: () => void): number {
  const before = threadClock();
  act();
  return threadClock() - before;
}
