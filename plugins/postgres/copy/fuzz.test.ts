import { expect, test } from "bun:test";
import { PosternError, type RowFilter } from "../../../core/plugin.ts";
import { corpus, Random, seeds } from "../../../test/fuzz.ts";
import { backend, headerSize } from "../wire/message.ts";
import { Splice } from "../wire/splice.ts";
import { message } from "../wire/write.ts";
import type { CopyFormat } from "./format.ts";
import { CopyOut } from "./out.ts";
import { type Cell, read, write } from "./testing/files.ts";

const limit = 1 << 20;
const shown = Buffer.from('*",\\\t\n*');

/** Bytes that mean something in some format, more often than others. */
const telling = Buffer.from('\\\\"",,\t\t\n\r\'xN.|;\b\v\f\0\xff', "latin1");

function formatFrom(random: Random): CopyFormat {
  const name = random.of<CopyFormat["name"]>(["text", "csv", "binary"]);
  if (name === "binary") return { name };
  const header = random.chance(30);
  const byte = (...of: [string, ...string[]]) => random.of(of).charCodeAt(0);
  if (name === "text") {
    return {
      name,
      header,
      delimiter: byte("\t", "|", ","),
      nullMarker: Buffer.from(random.of(["\\N", "", "x"])),
    };
  }
  const quote = byte('"', "'", "x");
  const escaping = random.chance(50) ? quote : byte("\\", '"', "N");
  const nullMarker = Buffer.from(random.of(["", "N", "\\N"]));
  return { name, header, delimiter: byte(",", ";", " "), nullMarker, quote, escape: escaping };
}

function cellFrom(random: Random): Cell {
  if (random.chance(15)) return null;
  const bytes = Array.from({ length: random.upTo(random.chance(5) ? 300 : 6) }, () =>
    random.chance(60) ? (telling[random.upTo(telling.length)] as number) : random.upTo(256),
  );
  return Buffer.from(bytes);
}

/** Whether a guardrail sees it: a text's NULL too, where a value could be written like it. */
function isShown(cell: Cell, format: CopyFormat): boolean {
  if (format.name !== "text") return cell !== null;
  const marker = format.nullMarker.toString();
  return cell === null ? marker === "x" : cell.length > 0 || marker !== "";
}

/** CopyData messages of any length, none too. */
function messages(bytes: Buffer, next: () => number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + next());
    parts.push(message(backend.copyData, bytes.subarray(at, end)));
    at = end;
  }
  return parts;
}

/** What leaves of them, without the headers. The view that each stands in has other bytes around it. */
function through(parts: readonly Buffer[], format: CopyFormat, count: number, filter: RowFilter): Buffer {
  const out = new CopyOut(format, { count, filter }, new Splice(), limit);
  const left = parts.map((part) => {
    const view = Buffer.concat([Buffer.alloc(3, 0x0a), part, Buffer.alloc(3, 0x0a)]);
    const bytes = out.data(view, 3, part.length) ?? part;
    if (bytes.length === 0) return bytes;
    expect([bytes[0], bytes.readInt32BE(1)]).toEqual([backend.copyData, bytes.length - 1]);
    return Buffer.from(bytes.subarray(headerSize));
  });
  out.done();
  return Buffer.concat(left);
}

test("every cell arrives as the filter left it, however the rows are split", () => {
  for (const seed of seeds(400)) {
    const random = new Random(seed);
    const format = formatFrom(random);
    const count = 1 + random.upTo(4);
    const rows = Array.from({ length: random.upTo(6) }, () =>
      Array.from({ length: count }, () => cellFrom(random)),
    );
    const columns = Array.from({ length: count }, (_, index) => index).filter(() => random.chance(60));
    const instead = random.of([shown, shown, null]);
    let counted = 0;
    const filter: RowFilter = {
      columns,
      show: () => instead,
      row: () => {
        counted += 1;
      },
    };
    const file = write(rows, format);
    const masked = rows.map((row) =>
      row.map((cell, column) => (columns.includes(column) && isShown(cell, format) ? instead : cell)),
    );
    const expected = read(write(masked, format), format, count);
    const sizes = seed % 3 === 0 ? () => 1 : seed % 3 === 1 ? () => file.length : () => random.upTo(20);
    const left = through(messages(file, sizes), format, count, filter);
    expect({ seed, rows: read(left, format, count) }).toEqual({ seed, rows: expected });
    expect({ seed, counted }).toEqual({ seed, counted: rows.length });
  }
});

test("what changes nothing leaves the bytes as they are", () => {
  for (const seed of seeds(400)) {
    const random = new Random(seed);
    const format = formatFrom(random);
    const rows = Array.from({ length: 4 }, () => [cellFrom(random), cellFrom(random)]);
    const file = write(rows, format);
    const filter: RowFilter = { columns: [0, 1], show: () => undefined };
    const whole = message(backend.copyData, file);
    const out = new CopyOut(format, { count: 2, filter }, new Splice(), limit);
    expect({ seed, changed: out.data(whole, 0, whole.length) }).toEqual({ seed, changed: undefined });
    expect(
      through(
        messages(file, () => 1 + random.upTo(9)),
        format,
        2,
        filter,
      ).equals(file),
    ).toBe(true);
  }
});

test("whatever the bytes are: rows or a coded error, and nothing of a masked column", () => {
  const canary = Buffer.from("canary");
  for (const seed of seeds(400)) {
    const random = new Random(seed);
    const format = formatFrom(random);
    const file = write(
      [
        [canary, cellFrom(random)],
        [canary, cellFrom(random)],
        [canary, null],
      ],
      format,
    );
    const changed = Buffer.from(file);
    for (let flips = random.upTo(4); flips > 0; flips--)
      changed[random.upTo(changed.length)] = random.upTo(256);
    const cut = changed.subarray(0, changed.length - random.upTo(9));
    const filter: RowFilter = { columns: [0, 1], show: () => shown };
    try {
      const left = through(
        messages(cut, () => 1 + random.upTo(12)),
        format,
        2,
        filter,
      );
      if (!("header" in format && format.header)) expect(left.includes(canary)).toBe(false);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      expect(["postgres.copy", "limit.frame"]).toContain(error.code);
    }
  }
});

for (const [name, chunks] of corpus("postgres-copy")) {
  test(`corpus: ${name}`, () => {
    const formats: CopyFormat[] = [
      { name: "text", delimiter: 9, nullMarker: Buffer.from("\\N"), header: false },
      { name: "csv", delimiter: 44, nullMarker: Buffer.alloc(0), header: false, quote: 34, escape: 34 },
      { name: "csv", delimiter: 44, nullMarker: Buffer.alloc(0), header: false, quote: 39, escape: 92 },
      { name: "binary" },
    ];
    for (const format of formats) {
      const filter: RowFilter = { columns: [0, 1], show: () => shown };
      try {
        const parts = chunks.map((chunk) => message(backend.copyData, chunk));
        expect(through(parts, format, 2, filter).includes("canary")).toBe(false);
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
      }
    }
  });
}

test("a row beyond the limit is an error before it is kept", () => {
  const filter: RowFilter = { columns: [0], show: () => null };
  const format: CopyFormat = {
    name: "csv",
    delimiter: 44,
    quote: 34,
    escape: 34,
    header: false,
    nullMarker: Buffer.alloc(0),
  };
  const out = new CopyOut(format, { count: 1, filter }, new Splice(), 100);
  const part = message(backend.copyData, Buffer.from(`"${"\n".repeat(60)}`));
  expect(out.data(part, 0, part.length)).toHaveLength(0);
  expect(() => out.data(part, 0, part.length)).toThrow("longer than 100 bytes");
});
