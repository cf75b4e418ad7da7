const header = 12;
/** MAXDIM of the server. */
const maxDimensions = 6;

/** array_send: dimensions, flags, element type, length and lower bound of each dimension, then the elements. */
export function arrayText(
  element: number,
  value: Buffer,
  read: (value: Buffer) => string | undefined,
): string | undefined {
  if (value.length < header) return undefined;
  const dimensions = value.readInt32BE(0);
  if (value.readUInt32BE(8) !== element || dimensions < 0 || dimensions > maxDimensions) return undefined;
  const start = header + dimensions * 8;
  if (start > value.length) return undefined;
  if (dimensions === 0) return start === value.length ? "{}" : undefined;
  const sizes = Array.from({ length: dimensions }, (_, at) => ({
    length: value.readInt32BE(header + at * 8),
    lower: value.readInt32BE(header + at * 8 + 4),
  }));
  const items = itemsOf(value, start, read);
  if (items === undefined || sizes.some(({ length }) => length <= 0)) return undefined;
  if (sizes.reduce((count, { length }) => count * length, 1) !== items.length) return undefined;
  let level = items;
  for (const { length } of sizes.toReversed()) {
    level = Array.from(
      { length: level.length / length },
      (_, at) => `{${level.slice(at * length, (at + 1) * length).join(",")}}`,
    );
  }
  const bounds = sizes.map(({ length, lower }) => `[${lower}:${lower + length - 1}]`).join("");
  return (sizes.every(({ lower }) => lower === 1) ? "" : `${bounds}=`) + level.join("");
}

function itemsOf(
  value: Buffer,
  start: number,
  read: (value: Buffer) => string | undefined,
): string[] | undefined {
  const items: string[] = [];
  let at = start;
  while (at < value.length) {
    if (at + 4 > value.length) return undefined;
    const length = value.readInt32BE(at);
    at += 4;
    if (length === -1) {
      items.push("NULL");
      continue;
    }
    if (length < 0 || at + length > value.length) return undefined;
    const item = read(value.subarray(at, at + length));
    if (item === undefined) return undefined;
    items.push(quoted(item));
    at += length;
  }
  return items;
}

/** As array_out does it. */
function quoted(item: string): string {
  const plain = item !== "" && !/[\s{},"\\]/.test(item) && !/^null$/i.test(item);
  return plain ? item : `"${item.replace(/["\\]/g, "\\$&")}"`;
}
