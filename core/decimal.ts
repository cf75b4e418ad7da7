const half = 10_000_000;
const zero = 0x30;

/** Writes a whole number, not below 0, in decimal digits; where it ends. No text is made of it. */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  if (value < half) return digits(into, at, value, digitsIn(value));
  const high = Math.floor(value / half);
  return digits(into, writeDecimal(into, at, high), value - high * half, 7);
}

/** In words of 32 bits, which divide faster. */
function digits(into: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0;
  for (let digit = at + count - 1; digit >= at; digit--) {
    const next = (rest / 10) | 0;
    into[digit] = zero + rest - next * 10;
    rest = next;
  }
  return at + count;
}

/** Below `half`. */
function digitsIn(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}
