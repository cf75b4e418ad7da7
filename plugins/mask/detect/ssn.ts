import { dash, digitsEnd, isAlphanumeric, space } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** `078-05-1120`: an area that was ever issued (not 000, 666, 9xx), no group of zeros only. */
export const ssn: Verifier = (bytes, at, from, end, found) => {
  const separator = bytes[at + 3];
  if (separator !== dash && separator !== space) return false;
  if (at > from && (isAlphanumeric(bytes[at - 1]) || bytes[at - 1] === dash)) return false;
  const stop = at + 11;
  if (stop > end || bytes[at + 6] !== separator) return false;
  if (digitsEnd(bytes, at, end) !== at + 3) return false;
  if (digitsEnd(bytes, at + 4, end) !== at + 6 || digitsEnd(bytes, at + 7, end) !== stop) return false;
  if (isAlphanumeric(bytes[stop]) && stop < end) return false;
  const area = number(bytes, at, at + 3);
  if (area === 0 || area === 666 || area >= 900) return false;
  if (number(bytes, at + 4, at + 6) === 0 || number(bytes, at + 7, stop) === 0) return false;
  found.start = at;
  found.end = stop;
  return true;
};

function number(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) value = value * 10 + bytes[at]! - 48;
  return value;
}
