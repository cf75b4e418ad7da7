import { close, dash, digitsEnd, dot, isAlphanumeric, isDigit, open, space } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** Behind a `+`: 8 to 15 digits in any grouping (E.164). */
export const international: Verifier = (bytes, at, from, end, found) => {
  if (at - 1 > from && isAlphanumeric(bytes[at - 2])) return false;
  if (bytes[at] === 48) return false;
  let count = 0;
  let stop = at;
  for (let next = at; next < end; next++) {
    const byte = bytes[next];
    if (isDigit(byte)) {
      count++;
      stop = next + 1;
      if (count > 15) return false;
    } else if (byte !== space && byte !== dash && byte !== dot && byte !== open && byte !== close) break;
    else if (next - stop > 1) break;
  }
  if (count < 8) return false;
  found.start = at - 1;
  found.end = stop;
  return true;
};

/** A North American number with its groups apart: `(212) 555-0123`, `212-555-0123`, `1 212.555.0123`. */
export const northAmerican: Verifier = (bytes, at, from, end, found) => {
  let start = at;
  let area = at;
  if (at > from && (isAlphanumeric(bytes[at - 1]) || bytes[at - 1] === dash || bytes[at - 1] === dot))
    return false;
  if (bytes[at] === 49 && isSeparator(bytes[at + 1])) area = at + 2;
  if (bytes[area] === open) area++;
  if (area + 12 > end || !isGroup(bytes, area, 3, end) || bytes[area]! < 50) return false;
  const closed = bytes[area + 3] === close;
  if (closed && start > from && bytes[start - 1] === open) start--;
  let exchange = area + 3 + (closed ? 1 : 0);
  if (isSeparator(bytes[exchange])) exchange++;
  else if (!closed) return false;
  if (!isGroup(bytes, exchange, 3, end) || bytes[exchange]! < 50 || !isSeparator(bytes[exchange + 3]))
    return false;
  const line = exchange + 4;
  if (line + 4 > end || !isGroup(bytes, line, 4, end)) return false;
  found.start = start;
  found.end = line + 4;
  return true;
};

function isSeparator(byte: number | undefined): boolean {
  return byte === space || byte === dash || byte === dot;
}

/** Exactly that many digits. */
function isGroup(bytes: Uint8Array, at: number, length: number, end: number): boolean {
  return digitsEnd(bytes, at, end) === at + length;
}
