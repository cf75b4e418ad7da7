import { isAlphanumeric, isDigit, isLetter, space } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** Lengths by country (ISO 13616, the SWIFT registry). */
const lengths = new Map(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29
  ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
  LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29
  PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
  YE30`
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

/**
 * At the check digits: two letters of a country before them, that country's length, single spaces between
 * groups, and the remainder 1 of ISO 7064 MOD 97-10.
 */
export const iban: Verifier = (bytes, at, from, end, found) => {
  const start = at - 2;
  if (start < from || !isLetter(bytes[at - 1]) || !isLetter(bytes[start]) || !isDigit(bytes[at + 1]))
    return false;
  if (start > from && isAlphanumeric(bytes[start - 1])) return false;
  const length = lengths.get(String.fromCharCode(bytes[start]! & 0xdf, bytes[at - 1]! & 0xdf));
  if (length === undefined) return false;
  let remainder = 0;
  let left = length - 4;
  let next = at + 2;
  for (; left > 0 && next < end; next++) {
    const byte = bytes[next]!;
    if (byte === space && isAlphanumeric(bytes[next + 1]) && bytes[next - 1] !== space) continue;
    if (!isAlphanumeric(byte)) return false;
    remainder = add(remainder, byte);
    left--;
  }
  if (left > 0 || (next < end && isAlphanumeric(bytes[next]))) return false;
  for (let head = start; head < at + 2; head++) remainder = add(remainder, bytes[head]!);
  if (remainder !== 1) return false;
  found.start = start;
  found.end = next;
  return true;
};

function add(remainder: number, byte: number): number {
  if (isDigit(byte)) return (remainder * 10 + byte - 48) % 97;
  return (remainder * 100 + (byte & 0xdf) - 55) % 97;
}
