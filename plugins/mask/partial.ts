import { isAlphanumeric, isDigit, isHex } from "./detect/bytes.ts";
import type { Detector } from "./detect/scanner.ts";

export const redacted = "****";

const [at, dot, colon, star] = [0x40, 0x2e, 0x3a, 0x2a] as const;
const hidden = Buffer.from(redacted);
const stars = Buffer.from("***");
const behindLocal = Buffer.from("***@");
const jwt = Buffer.from("eyJ***");
const behindV4 = Buffer.from(".*.*.*");
const behindV6 = Buffer.from(":***");
const nothing = Buffer.alloc(0);

/**
 * The shape of a value, UTF-8 from `start` to `end`, and little else of it: `a***@e***.com`, the last four of a card. What
 * is too short to keep anything of is redacted.
 */
export function partial(value: Buffer, start: number, end: number, kind: Detector | undefined): Uint8Array {
  const mail = mailOf(value, start, end);
  if (mail !== undefined) return mail;
  if (kind === "jwt") return jwt;
  if (kind === "cloudkey") return pieces(value, start, Math.min(start + 4, end), stars);
  if (kind === "ip") {
    let first = start;
    while (first < end && isHex(value[first])) first++;
    return pieces(value, start, first, lastOf(colon, value, start, end) === -1 ? behindV4 : behindV6);
  }
  const keep = kind === "phone" ? 2 : 4;
  let count = 0;
  let digits = false;
  for (let here = start; here < end; here = characterEnd(value, here)) {
    if (isLetterOrNumber(value, here)) count++;
    digits ||= isDigit(value[here]);
  }
  if (digits && count > 2 * keep) return starred(value, start, end, count - keep);
  return count > 3 ? pieces(value, start, characterEnd(value, start), stars) : hidden;
}

/** The first letter before the last `@` and the first one behind it, and what is behind the last dot. */
function mailOf(value: Buffer, start: number, end: number): Uint8Array | undefined {
  let sign = lastOf(at, value, start, end);
  const local = characterEnd(value, start);
  const top = sign < local ? -1 : lastOf(dot, value, sign + 1, end);
  if (top === -1) return undefined;
  // A second `@` is what the domain begins with where nothing else is before its dot.
  if (top === sign + 1) {
    if (sign === local || value[sign - 1] !== at) return undefined;
    sign--;
  }
  return pieces(value, start, local, behindLocal, sign + 1, characterEnd(value, sign + 1), stars, top, end);
}

/** The first `count` letters and digits as stars; what stands between them stays. */
function starred(value: Buffer, start: number, end: number, count: number): Uint8Array {
  const shown = Buffer.allocUnsafe(end - start);
  let to = 0;
  let left = count;
  for (let here = start; here < end; ) {
    const next = characterEnd(value, here);
    if (left > 0 && isLetterOrNumber(value, here)) {
      shown[to++] = star;
      left--;
      here = next;
    }
    while (here < next) shown[to++] = value[here++]!;
  }
  return to === shown.length ? shown : shown.subarray(0, to);
}

/** Some of the value, a text, some more of it, another text, and what is last. */
function pieces(
  value: Buffer,
  first: number,
  firstEnd: number,
  behindFirst: Buffer,
  second = 0,
  secondEnd = 0,
  behindSecond = nothing,
  third = 0,
  thirdEnd = 0,
): Uint8Array {
  const texts = behindFirst.length + behindSecond.length;
  const shown = Buffer.allocUnsafe(texts + firstEnd - first + secondEnd - second + thirdEnd - third);
  let to = put(value, first, firstEnd, shown, 0);
  to = put(behindFirst, 0, behindFirst.length, shown, to);
  to = put(value, second, secondEnd, shown, to);
  to = put(behindSecond, 0, behindSecond.length, shown, to);
  put(value, third, thirdEnd, shown, to);
  return shown;
}

function put(from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  let to = at;
  for (let here = start; here < end; here++) into[to++] = from[here]!;
  return to;
}

function lastOf(byte: number, value: Buffer, start: number, end: number): number {
  let here = end - 1;
  while (here >= start && value[here] !== byte) here--;
  return here < start ? -1 : here;
}

function characterEnd(value: Buffer, here: number): number {
  const lead = value[here]!;
  return here + (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
}

function isLetterOrNumber(value: Buffer, here: number): boolean {
  if (value[here]! < 0x80) return isAlphanumeric(value[here]);
  return /[\p{L}\p{N}]/u.test(value.toString("utf8", here, characterEnd(value, here)));
}
