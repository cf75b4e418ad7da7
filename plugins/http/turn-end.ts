/** Holds something back in the hope that more comes to go with it. */
export interface Flushable {
  /** The turn of the loop ends: nothing waits any longer. */
  flush(): void;
}

let waiting: Flushable[] = [];

/** Has it flushed at the end of this turn of the loop: one microtask for all. Those who came first go first. */
export function atTurnEnd(one: Flushable): void {
  if (waiting.push(one) === 1) queueMicrotask(flushAll);
}

function flushAll(): void {
  const all = waiting;
  waiting = [];
  for (const one of all) {
    try {
      one.flush();
    } catch (error) {
      // One that fails is no reason for the others to wait.
      reportError(error);
    }
  }
}
