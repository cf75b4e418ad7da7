import type { Column } from "../../guardrail.ts";
import type { Cursor } from "../../pump.ts";

/**
 * A frame is its type (1 byte), its whole length (4 bytes, big endian, header included) and a body:
 * a text, or for COLUMNS and ROW cells, each behind its length (2 bytes).
 */
export const types = {
  ASK: 65,
  SYNC: 83,
  COLUMNS: 67,
  ROW: 82,
  DONE: 68,
  FAILED: 70,
  READY: 90,
  NOTE: 78,
} as const;
export type FrameType = (typeof types)[keyof typeof types];

/** `parts`: one text, or the cells of COLUMNS and ROW. */
export function frame(type: FrameType, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const celled = type === types.COLUMNS || type === types.ROW;
  const bodies = parts.flatMap((part) => {
    const bytes = Buffer.from(part as Uint8Array);
    if (!celled) return [bytes];
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return [length, bytes];
  });
  const body = Buffer.concat(bodies);
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeUInt32BE(body.length + 5, 1);
  return Buffer.concat([head, body]);
}

/** The whole frame at the cursor, or undefined after asking the pump for the rest of it. */
export function header(cursor: Cursor): { type: number; length: number } | undefined {
  const here = cursor.end - cursor.at;
  if (here < 5) {
    cursor.need(5);
    return undefined;
  }
  const length = cursor.view.readUInt32BE(cursor.at + 1);
  if (here < length) {
    cursor.need(length);
    return undefined;
  }
  return { type: cursor.view[cursor.at] as number, length };
}

export function rowCells(view: Buffer, at: number, length: number): Buffer[] {
  const cells: Buffer[] = [];
  let next = at + 5;
  while (next < at + length) {
    const size = view.readUInt16BE(next);
    cells.push(view.subarray(next + 2, next + 2 + size));
    next += 2 + size;
  }
  return cells;
}

export function column(name: string): Column {
  return { name, type: "text", holdsText: true, format: "text", origins: [{ column: name }] };
}
