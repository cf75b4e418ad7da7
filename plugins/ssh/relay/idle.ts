import type { Carriage } from "./carriage.ts";

/**
 * Ends a session on which no byte has passed for as long as `limits.idle`: core takes one for busy while a shell is
 * open. Returns what stops it.
 */
export function watchIdle(carriage: Carriage): () => void {
  const { gate, limits } = carriage;
  const look = () => {
    const left = carriage.lastByte + limits.idle - performance.now();
    if (left > 0) {
      timer = setTimeout(look, left);
      return;
    }
    gate.reached("idle");
    gate.end({ code: "session.idle", message: "The session was idle for too long." });
  };
  let timer = setTimeout(look, limits.idle);
  return () => clearTimeout(timer);
}
