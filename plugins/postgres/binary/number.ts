/** The shortest digits that are this float4 again. */
export function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short.toString();
  }
  return Number.isFinite(value) ? Number(value.toPrecision(9)).toString() : value.toString();
}

const sign = { negative: 0x4000, nan: 0xc000, infinity: 0xd000, minusInfinity: 0xf000 } as const;
const header = 8;

/** numeric_send: counts of digits, weight, sign and scale, then digits to the base of 10,000. */
export function numericText(value: Buffer): string | undefined {
  if (value.length < header || value.length !== header + value.readUInt16BE(0) * 2) return undefined;
  const [count, weight, how, scale] = [0, 2, 4, 6].map((at) => value.readInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const kind = how & 0xffff;
  if (kind === sign.nan) return "NaN";
  if (kind === sign.infinity) return "Infinity";
  if (kind === sign.minusInfinity) return "-Infinity";
  const group = (at: number) => {
    if (at < 0 || at >= count) return "0000";
    return value
      .readUInt16BE(header + at * 2)
      .toString()
      .padStart(4, "0");
  };
  let whole = "";
  for (let at = 0; at <= weight; at++) whole += group(at);
  let fraction = "";
  for (let at = weight + 1; fraction.length < scale; at++) fraction += group(at);
  const digits = whole.replace(/^0+(?=\d)/, "") || "0";
  const minus = kind === sign.negative ? "-" : "";
  return scale > 0 ? `${minus}${digits}.${fraction.slice(0, scale)}` : minus + digits;
}
