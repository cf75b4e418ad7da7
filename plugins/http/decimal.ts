/** Writes a whole number, not below 0, in decimal digits; where it ends. No text is made of it. */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let rest = value;
  for (let digit = end - 1; digit >= at; digit--) {
    const next = Math.floor(rest / 10);
    into[digit] = zero + (rest - next * 10);
    rest = next;
  }
  return end;
}

const zero = 48;
