import { headerSize } from "../wire/message.ts";

const [quote, backslash, comma, opening, closing] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d];
const nullText = Buffer.from("null");
/** Further bytes that two quotation marks and a comma take. */
const around = 3;
/** More of them are not looked through twice, should the last one need another way. */
const most = 64;

/**
 * The values of the Bind message between `start` and `end` as a JSON list, written from `at`; where it ends. Only for what most binds are: whole, all
 * values in text format, each of ASCII with nothing in it to escape; -1: it is something else, or does not fit.
 */
export function writeValues(bind: Buffer, start: number, end: number, into: Buffer, at: number): number {
  let from = behindName(bind, behindName(bind, start + headerSize, end), end);
  if (from + 2 > end) return -1;
  const formats = uint16(bind, from);
  from += 2;
  for (let left = formats; left > 0; left--, from += 2) {
    if (from + 2 > end || uint16(bind, from) !== 0) return -1;
  }
  if (from + 2 > end) return -1;
  const count = uint16(bind, from);
  from += 2;
  if (count > most || at + around > into.length || (formats > 1 && formats !== count)) return -1;
  let to = at;
  into[to++] = opening;
  for (let index = 0; index < count; index++) {
    if (from + 4 > end) return -1;
    const length = int32(bind, from);
    from += 4;
    const room = to + Math.max(length, nullText.length) + around;
    if (length < -1 || from + length > end || room >= into.length) return -1;
    if (index > 0) into[to++] = comma;
    if (length === -1) {
      to += nullText.copy(into, to);
      continue;
    }
    into[to++] = quote;
    for (const stop = from + length; from < stop; from++) {
      const byte = bind[from] as number;
      if (byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash) return -1;
      into[to++] = byte;
    }
    into[to++] = quote;
  }
  into[to++] = closing;
  return to;
}

function behindName(bind: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && bind[next] !== 0) next++;
  return next + 1;
}

function uint16(from: Buffer, at: number): number {
  return ((from[at] as number) << 8) | (from[at + 1] as number);
}

function int32(from: Buffer, at: number): number {
  return (uint16(from, at) << 16) | uint16(from, at + 2);
}
