import { dash, digitsEnd, dot, isDigit, isHex, space } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

const most = 19;
const digits = new Uint8Array(most);

/**
 * A card number (ISO/IEC 7812): 13 to 19 digits, alone or in groups, of a known network's range, with its Luhn
 * check digit. Not inside a longer number, a fraction or a hexadecimal digest.
 */
export const card: Verifier = (bytes, at, from, end, found) => {
  if (at > from + 1 && bytes[at - 1] === dot && isDigit(bytes[at - 2])) return false;
  if (at > from + 1 && isHex(bytes[at - 1]) && isHex(bytes[at - 2])) return false;
  let count = 0;
  let next = at;
  while (count < most && isDigit(bytes[next]) && next < end) {
    const groupEnd = digitsEnd(bytes, next, end);
    if (count + groupEnd - next > most) return false;
    for (; next < groupEnd; next++) digits[count++] = bytes[next]! - 48;
    const digest = isHex(bytes[next]) && isHex(bytes[next + 1]) && next + 1 < end;
    if (count >= 13 && !digest && isCard(count)) {
      found.start = at;
      found.end = next;
      return true;
    }
    const separator = bytes[next];
    if (separator === space || separator === dash || separator === dot) next++;
  }
  return false;
};

function isCard(length: number): boolean {
  return ofNetwork(length) && luhn(length);
}

/** Ranges of the networks by the first digits, with the lengths they issue. */
function ofNetwork(length: number): boolean {
  const two = digits[0]! * 10 + digits[1]!;
  const four = two * 100 + digits[2]! * 10 + digits[3]!;
  if (digits[0] === 4) return length === 13 || length === 16 || length === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16;
  if (two === 34 || two === 37) return length === 15;
  if (two === 36 || two === 38 || two === 39 || two === 30) return length >= 14;
  if (two === 35 || two === 62 || two === 64 || two === 65 || four === 6011) return length >= 16;
  if (two === 50 || two === 60 || (two >= 56 && two <= 69)) return length >= 13;
  return four >= 2200 && four <= 2204 ? length >= 16 : false;
}

function luhn(length: number): boolean {
  let sum = 0;
  for (let place = 0; place < length; place++) {
    const digit = digits[length - 1 - place]!;
    const twice = digit * 2;
    sum += place % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}
