/** Numbers of PostgreSQL's binary format as text, to look for card numbers in them. */

export function int8Text(value: Buffer): string {
  if (value.length !== 8) return "";
  return value.readBigInt64BE().toString();
}

/** int16 count of digits in base 10,000, int16 weight of the first, sign, scale, digits (numeric_send). */
export function numericText(view: Buffer): string {
  if (view.length < 8) return "";
  const count = view.readUInt16BE(0);
  const weight = view.readInt16BE(2);
  if (view.length !== 8 + count * 2 || weight > 8) return "";
  let text = "";
  for (let place = 0; place <= weight; place++) {
    const digits = place < count ? view.readUInt16BE(8 + place * 2) : 0;
    text += String(digits).padStart(place === 0 ? 1 : 4, "0");
  }
  return text;
}
