import { expect, test } from "bun:test";
import { PosternError, type RowFilter } from "../../../core/plugin.ts";
import { Random, seeds } from "../../../test/fuzz.ts";
import { backend } from "../wire/message.ts";
import { query } from "../wire/query.ts";
import { CellWalker, dataRow, rowDescriptionMessage } from "../wire/rows.ts";
import { commandComplete, readyForQuery } from "../wire/session.ts";
import { message } from "../wire/write.ts";
import { RowRewriter, rowPlan } from "./rows.ts";
import { memorySession } from "./testing/memory.ts";

const limit = 1 << 20;
const idle = 0x49;

type Cells = readonly (Buffer | null)[];

function rowsFrom(random: Random, count: number): Cells[] {
  return Array.from({ length: random.upTo(9) }, () =>
    Array.from({ length: count }, () =>
      random.chance(20)
        ? null
        : Buffer.from(
            Array.from({ length: random.upTo(random.chance(3) ? 30_000 : 9) }, () => random.upTo(256)),
          ),
    ),
  );
}

/** What one filter makes of a value, whatever is around it. */
function shownOf(value: Buffer): Buffer | null | undefined {
  const sum = value.reduce((now, byte) => now + byte, value.length) % 5;
  if (sum < 2) return undefined;
  return sum === 2 ? null : Buffer.concat([value.subarray(0, sum), Buffer.alloc(sum * 7, 0x2a)]);
}

function filterFrom(random: Random, count: number): RowFilter {
  const columns = Array.from({ length: count }, (_, index) => index).filter(() => random.chance(50));
  return { columns, show: (_, bytes, start, end) => shownOf(bytes.subarray(start, end)) };
}

/** A cell at a time, by the plain walker. */
function expected(rows: readonly Cells[], { columns }: RowFilter): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const [walker, message] = [new CellWalker(), dataRow(row)];
      walker.open(message, 5, message.length);
      const cells: (Buffer | null)[] = [];
      while (walker.next()) {
        const { start, length, index } = walker;
        const value = length === -1 ? null : message.subarray(start, start + length);
        const shown = value !== null && columns.includes(index) ? shownOf(value) : undefined;
        cells.push(shown === undefined ? value : shown);
      }
      return dataRow(cells);
    }),
  );
}

test("a run of rows is what each of them is alone, and ends before what is no whole row", () => {
  const rewriter = new RowRewriter();
  for (const seed of seeds(300)) {
    const random = new Random(seed);
    const count = random.upTo(6);
    const rows = rowsFrom(random, count);
    const filter = filterFrom(random, count);
    const whole = Buffer.concat(rows.map((row) => dataRow(row)));
    const next = random.of([
      Buffer.alloc(0),
      Buffer.alloc(3, backend.dataRow),
      dataRow(["cut"]).subarray(0, -1),
      commandComplete(""),
    ]);
    const offset = random.upTo(9);
    const view = Buffer.concat([Buffer.alloc(offset, backend.dataRow), whole, next]);
    const before = Buffer.from(view);
    const shown = rewriter.filtered(view, offset, view.length, rowPlan(filter, count), limit);
    expect(rewriter.end).toBe(offset + whole.length);
    expect((shown ?? whole).equals(expected(rows, filter))).toBe(true);
    const withheld = rewriter.withheld(view, offset, view.length, limit);
    expect(withheld.equals(Buffer.concat(rows.map((row) => dataRow(row.map(() => null)))))).toBe(true);
    expect([rewriter.end, view.equals(before)]).toEqual([offset + whole.length, true]);
  }
});

test("a column that always shows the same is asked about once, and shows it for every value but NULL", () => {
  const rewriter = new RowRewriter();
  for (const seed of seeds(200)) {
    const random = new Random(seed);
    const count = 1 + random.upTo(6);
    const rows = [...rowsFrom(random, count), ...rowsFrom(random, count)];
    const always = Array.from({ length: count }, (_, index) => index).filter(() => random.chance(60));
    const same = Array.from({ length: count }, () =>
      random.of([null, Buffer.from("****"), Buffer.alloc(40, 0x2a)]),
    );
    const asked = new Uint8Array(count);
    const show = (column: number) => {
      asked[column]! += 1;
      return same[column] ?? null;
    };
    const plan = rowPlan({ columns: always, always, show }, count);
    const shown = rows.map((row) =>
      dataRow(row.map((cell, column) => (cell === null || !always.includes(column) ? cell : same[column]!))),
    );
    const half = random.upTo(rows.length + 1);
    for (const [from, to] of [
      [0, half],
      [half, rows.length],
    ] as const) {
      const view = Buffer.concat(rows.slice(from, to).map((row) => dataRow(row)));
      const left = rewriter.filtered(view, 0, view.length, plan, limit) ?? view;
      expect(left.equals(Buffer.concat(shown.slice(from, to)))).toBe(true);
    }
    expect(Math.max(...asked)).toBeLessThanOrEqual(1);
  }
});

test("wherever what arrives is cut, the caller reads the same", () => {
  for (const seed of seeds(60)) {
    const random = new Random(seed);
    const count = 1 + random.upTo(4);
    const rows = rowsFrom(random, count);
    const filter = filterFrom(random, count);
    const withheld = random.chance(20);
    const description = rowDescriptionMessage(
      Array.from({ length: count }, (_, index) => ({
        ...{ name: `c${index}`, tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1 },
        format: random.of(["text", "binary"] as const),
      })),
    );
    const end = Buffer.concat([commandComplete(`SELECT ${rows.length}`), readyForQuery(idle)]);
    const answer = Buffer.concat([description, ...rows.map((row) => dataRow(row)), end]);
    const shown = withheld
      ? Buffer.concat(rows.map((row) => dataRow(row.map(() => null))))
      : expected(rows, filter);
    const step = random.of([1, 1, 2, 5, 40, 8192]);
    const { caller, server, gate } = memorySession();
    gate.answer = () => ({ rows: () => (withheld ? "withhold" : filter) });
    caller.arrive(query("select 1"));
    for (let at = 0; at < answer.length; ) {
      const length = answer.length > 10_000 ? 1 + random.upTo(9_000) : step;
      server.arrive(answer.subarray(at, at + length));
      at += length;
    }
    expect(caller.written.equals(Buffer.concat([description, shown, end]))).toBe(true);
  }
});

test("what stands before a row that stops the answer is shown, nothing of that row or behind it", () => {
  for (const stopped of [0, 1, 4]) {
    for (const malformed of [false, true]) {
      const rows = Array.from({ length: 6 }, (_, index) => dataRow([`row ${index}`, "secret"]));
      if (malformed) (rows[stopped] as Buffer).writeInt32BE(900, 7);
      let asked = 0;
      const filter: RowFilter = {
        columns: [1],
        show: () => Buffer.from("*"),
        row() {
          if (asked++ === stopped && !malformed) throw new PosternError("limit.rows", "Enough.");
        },
      };
      const { caller, server, gate } = memorySession();
      gate.answer = () => ({ rows: () => filter });
      caller.arrive(query("select 1"));
      const description = rowDescriptionMessage(
        ["a", "b"].map((name) => ({
          ...{ name, tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1, format: "text" as const },
        })),
      );
      server.arrive(description, ...rows, commandComplete("SELECT 6"), readyForQuery(idle));
      const shown = Array.from({ length: stopped }, (_, index) => dataRow([`row ${index}`, "*"]));
      const before = Buffer.concat([description, ...shown]);
      expect(caller.written.subarray(0, before.length).equals(before)).toBe(true);
      expect(caller.types).toBe(`T${"D".repeat(stopped)}EZ`);
      expect(caller.written.includes("secret")).toBe(false);
    }
  }
});

test("a row longer than the limit ends the session, those before it are shown", () => {
  const { caller, server, gate } = memorySession({ frame: 1000 });
  gate.answer = () => ({ rows: () => ({ columns: [0], show: () => Buffer.from("*") }) });
  caller.arrive(query("select 1"));
  const description = rowDescriptionMessage([
    { name: "a", tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1, format: "text" },
  ]);
  server.arrive(
    description,
    dataRow(["one"]),
    dataRow(["x".repeat(2000)]),
    message(backend.emptyQueryResponse),
  );
  expect(
    caller.written.subarray(0, description.length + 12).equals(Buffer.concat([description, dataRow(["*"])])),
  ).toBe(true);
  expect(caller.written.includes("xxx")).toBe(false);
});

test("a row of other columns than those that the guardrails were asked about stops the answer", () => {
  for (const cells of [["secret"], ["a", "b", "secret"]]) {
    const { caller, server, gate } = memorySession();
    gate.answer = () => ({ rows: () => ({ columns: [0], show: () => Buffer.from("*") }) });
    caller.arrive(query("select 1"));
    const column = { tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1, format: "text" as const };
    const described = rowDescriptionMessage(["a", "b"].map((name) => ({ name, ...column })));
    server.arrive(
      described,
      dataRow(["a", "b"]),
      dataRow(cells),
      commandComplete("SELECT 2"),
      readyForQuery(idle),
    );
    expect(caller.types).toBe("TDEZ");
    expect(caller.written.includes("secret")).toBe(false);
  }
});
