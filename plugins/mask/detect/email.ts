import { dash, dot, isAlphanumeric, isLetter } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** At the `@`: a local part before it, a name with a top-level domain of two letters or more behind it. */
export const email: Verifier = (bytes, at, from, end, found) => {
  let start = at;
  while (start > from && isLocal(bytes[start - 1]!)) start--;
  while (start < at && bytes[start] === dot) start++;
  let stop = at + 1;
  let lastDot = -1;
  for (; stop < end; stop++) {
    const byte = bytes[stop]!;
    if (byte === dot) lastDot = stop;
    else if (!(isAlphanumeric(byte) || byte === dash || byte >= 128)) break;
  }
  // A full stop at the end of a sentence is not part of it.
  while (stop > at && (bytes[stop - 1] === dot || bytes[stop - 1] === dash)) stop--;
  if (lastDot >= stop) for (lastDot = stop - 1; lastDot > at && bytes[lastDot] !== dot; lastDot--);
  if (start === at || lastDot <= at + 1 || stop - lastDot < 3) return false;
  const top = bytes[lastDot + 1]!;
  if (!isLetter(top) && top < 128) return false;
  found.start = start;
  found.end = stop;
  return true;
};

const specials = new Set(Buffer.from("._%+-&!#$*^~"));

function isLocal(byte: number): boolean {
  return isAlphanumeric(byte) || byte >= 128 || specials.has(byte);
}
