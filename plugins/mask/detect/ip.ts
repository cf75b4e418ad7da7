import { colon, digitsEnd, dot, isAlphanumeric, isDigit, isHex } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** Four numbers up to 255 with dots between, and neither a fifth nor a letter beside them. */
export const ipv4: Verifier = (bytes, at, from, end, found) => {
  if (at > from && (isAlphanumeric(bytes[at - 1]) || bytes[at - 1] === dot)) return false;
  let next = at;
  for (let part = 0; part < 4; part++) {
    const stop = digitsEnd(bytes, next, end);
    if (stop === next || stop - next > 3 || octet(bytes, next, stop) > 255) return false;
    if (part < 3 && (bytes[stop] !== dot || stop >= end)) return false;
    next = part < 3 ? stop + 1 : stop;
  }
  if (next < end && isAlphanumeric(bytes[next])) return false;
  if (next + 1 < end && bytes[next] === dot && isDigit(bytes[next + 1])) return false;
  found.start = at;
  found.end = next;
  return true;
};

function octet(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) value = value * 10 + bytes[at]! - 48;
  return value;
}

/**
 * At the first `:`: eight groups of hexadecimal digits, or fewer with one `::` (RFC 4291, 2.2). Three groups at
 * least and a digit among them, so that neither `std::move` nor a time of day is taken for one.
 */
export const ipv6: Verifier = (bytes, at, from, end, found) => {
  let start = at;
  while (start > from && isHex(bytes[start - 1]) && at - start < 5) start--;
  if (start > from && (isAlphanumeric(bytes[start - 1]) || bytes[start - 1] === colon)) return false;
  let groups = 0;
  let gaps = 0;
  let digits = 0;
  let next = start;
  while (next < end) {
    let stop = next;
    for (; stop < end && isHex(bytes[stop]); stop++) if (isDigit(bytes[stop])) digits++;
    if (stop - next > 4) return false;
    if (stop > next) groups++;
    next = stop;
    if (next >= end || bytes[next] !== colon) break;
    if (bytes[next + 1] === colon && next + 1 < end) {
      gaps++;
      next += 2;
      if (!isHex(bytes[next])) break;
    } else if (isHex(bytes[next + 1]) && next + 1 < end) next++;
    else break;
  }
  if (next < end && (isAlphanumeric(bytes[next]) || bytes[next] === dot)) return false;
  if (digits === 0 || (gaps === 0 ? groups !== 8 : gaps > 1 || groups < 3 || groups > 7)) return false;
  found.start = start;
  found.end = next;
  return true;
};
