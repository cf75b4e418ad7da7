import { PosternError } from "./error.ts";
import type { Reason } from "./operation.ts";

/** What `work` makes; rejects with the signal's Reason where that comes first, and `late` unmakes what comes after it. */
export function endedBefore<T>(signal: AbortSignal, work: Promise<T>, late: (made: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = () => {
      over = true;
      reject(endOf(signal));
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    work
      .then((made) => (over ? late(made) : resolve(made)), reject)
      .finally(() => signal.removeEventListener("abort", end));
  });
}

/** What ended whatever this signal is of. */
export function endOf(signal: AbortSignal): PosternError {
  const { code, message, ...more } = signal.reason as Reason;
  return new PosternError(code, message, more);
}
