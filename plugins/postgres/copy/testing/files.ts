import type { CopyFormat, CsvFormat, TextFormat } from "../format.ts";

export type Cell = Buffer | null;

/** A whole file as the server would write it; a second opinion, written from the manual's "File Formats". */
export function write(rows: readonly (readonly Cell[])[], format: CopyFormat): Buffer {
  if (format.name === "binary") {
    const parts = rows.flatMap((row) => [int16(row.length), ...row.flatMap(field)]);
    return Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1"), ...parts, int16(-1)]);
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell) =>
      format.name === "text" ? textCell(cell, format) : csvCell(cell, format),
    );
    return cells.join(String.fromCharCode(format.delimiter));
  });
  if (format.header) lines.unshift("canary or name");
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
}

/** Its cells, headers left out; a cell that may be NULL or a text is NULL, as COPY FROM reads it. */
export function read(file: Buffer, format: CopyFormat, count: number): (string | null)[][] {
  if (format.name === "binary") return readBinary(file);
  const text = file.toString("latin1");
  const cells = format.name === "text" ? textCells(text, format) : csvCells(text, format);
  const rows: (string | null)[][] = [];
  const names = format.header ? text.indexOf("\n") + 1 : 0;
  for (const { from, row, value } of cells) {
    if (from < names) continue;
    const at = row - (format.header ? 1 : 0);
    rows[at] ??= [];
    rows[at].push(value);
  }
  for (const row of rows) if (row.length !== count) throw new Error(`${row.length} cells`);
  return rows;
}

const letters: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
};

function textCell(cell: Cell, { nullMarker, delimiter }: TextFormat): string {
  if (cell === null) return nullMarker.toString("latin1");
  const sign = String.fromCharCode(delimiter);
  return [...cell.toString("latin1")]
    .map((one) => letters[one] ?? (one === sign ? `\\${one}` : one))
    .join("");
}

function csvCell(cell: Cell, { nullMarker, delimiter, quote, escape: escaping }: CsvFormat): string {
  if (cell === null) return nullMarker.toString("latin1");
  const text = cell.toString("latin1");
  const [sign, mark, flight] = [delimiter, quote, escaping].map((byte) => String.fromCharCode(byte)) as [
    string,
    string,
    string,
  ];
  const plain = ![sign, mark, "\n", "\r"].some((one) => text.includes(one));
  if (plain && text !== nullMarker.toString("latin1") && text !== "\\.") return text;
  return `${mark}${[...text].map((one) => (one === mark || one === flight ? flight + one : one)).join("")}${mark}`;
}

interface Found {
  readonly from: number;
  readonly row: number;
  readonly value: string | null;
}

function textCells(text: string, { nullMarker, delimiter }: TextFormat): Found[] {
  const meanings = new Map(Object.entries(letters).map(([byte, written]) => [written, byte]));
  return text
    .split("\n")
    .slice(0, -1)
    .flatMap((line, row) => {
      const from = text.split("\n").slice(0, row).join("\n").length + row;
      const sign = String.fromCharCode(delimiter);
      const cells = line.match(/\\.|[^\\]/gs) ?? [];
      const joined: string[] = [""];
      for (const one of cells) {
        if (one === sign) joined.push("");
        else joined[joined.length - 1] += one;
      }
      return joined.map((raw) => ({
        from,
        row,
        value:
          raw === nullMarker.toString("latin1")
            ? null
            : raw.replace(/\\(.)/gs, (escaped, one: string) => meanings.get(escaped) ?? one),
      }));
    });
}

function csvCells(text: string, { nullMarker, delimiter, quote, escape: escaping }: CsvFormat): Found[] {
  const [sign, mark, flight] = [delimiter, quote, escaping].map((byte) => String.fromCharCode(byte)) as [
    string,
    string,
    string,
  ];
  const found: Found[] = [];
  let [row, from, value, inside, wasQuoted] = [0, 0, "", false, false];
  const end = () => {
    found.push({ from, row, value: !wasQuoted && value === nullMarker.toString("latin1") ? null : value });
    [value, wasQuoted] = ["", false];
  };
  for (let at = 0; at < text.length; at++) {
    const one = text[at] as string;
    const next = text[at + 1];
    if (inside && one === flight && (next === mark || next === flight)) {
      value += next;
      at += 1;
    } else if (one === mark) {
      inside = !inside;
      wasQuoted = true;
    } else if (!inside && (one === sign || one === "\n")) {
      end();
      if (one === "\n") [row, from] = [row + 1, at + 1];
    } else value += one;
  }
  return found;
}

function readBinary(file: Buffer): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (let at = 19; file.readInt16BE(at) !== -1; ) {
    const row: (string | null)[] = [];
    const cells = file.readInt16BE(at);
    at += 2;
    for (let cell = 0; cell < cells; cell++) {
      const length = file.readInt32BE(at);
      at += 4;
      row.push(length === -1 ? null : file.toString("latin1", at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  return rows;
}

function field(cell: Cell): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeInt32BE(cell?.length ?? -1);
  return cell === null ? [length] : [length, cell];
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
