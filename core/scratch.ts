/** One that a large chunk has grown is given to the engine's collector. */
const kept = 1024 * 1024;
const first = 16 * 1024;
export const noBytes: Buffer = Buffer.alloc(0);
/** The one that was used last and is free: what is put together is sent before anything else is, in any session. */
let spare = noBytes;

/** A buffer with room for `length` bytes, the first `filled` of which are those of `now`: an empty one where there is none yet. */
export function roomFor(length: number, now: Buffer, filled: number): Buffer {
  let scratch = now;
  if (scratch.length === 0) {
    scratch = spare;
    spare = noBytes;
  }
  if (length <= scratch.length) return scratch;
  const grown = Buffer.allocUnsafe(Math.max(length, scratch.length * 2, first));
  scratch.copy(grown, 0, 0, filled);
  return grown;
}

/** Nobody looks at it any more. */
export function giveBack(scratch: Buffer): void {
  if (scratch.length <= kept) spare = scratch;
}
