import { existsSync } from "node:fs";
import { textAt } from "../../plugins/postgres/relay/text.ts";
import { classify, loadParser } from "../../plugins/postgres/sql/index.ts";
import { statementsIn } from "./statements.ts";

/** Microseconds that the median statement may cost: when it is seen for the first time, and again. */
const goals = { first: 1000, again: 2 };
/** The clock is too coarse for one look-up. */
const atOnce = 20;

export interface Classified {
  readonly report: string;
  /** Both medians are within the goals. */
  readonly good: boolean;
}

/** What it costs to tell what a statement does: over every statement of the psql scripts in a folder. */
export async function measureClassify(folder: string | undefined): Promise<Classified> {
  if (folder === undefined || !existsSync(folder)) {
    throw new Error(
      "usage: npm run bench -- classify FOLDER, with .sql files: PostgreSQL's src/test/regress/sql",
    );
  }
  await loadParser();
  const texts = statementsIn(folder);
  // What is compiled on the way shall not be counted.
  for (const text of texts.slice(0, 2_000)) classify(`${text} -- warm`);
  const first: number[] = [];
  const again: number[] = [];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    first.push(timed(1, () => classify(textAt(bytes, 0, bytes.length))));
    again.push(timed(atOnce, () => classify(textAt(bytes, 0, bytes.length))));
  }
  const lines = [
    `${texts.length} statements          p50 µs     p90 µs     p99 µs     goal`,
    row("for the first time", first, goals.first),
    row("again, from the wire", again, goals.again),
  ];
  return {
    report: lines.join("\n"),
    good: at(first, 0.5) < goals.first && at(again, 0.5) < goals.again,
  };
}

function row(title: string, values: readonly number[], goal: number): string {
  const cells = [0.5, 0.9, 0.99].map((part) => at(values, part).toFixed(2).padEnd(10));
  const said = at(values, 0.5) < goal ? "ok" : "WORSE";
  return `${title.padEnd(26)} ${cells.join(" ")} p50 < ${goal}: ${said}`;
}

/** Microseconds each time. */
function timed(times: number, work: () => unknown): number {
  const began = Bun.nanoseconds();
  for (let time = 0; time < times; time++) work();
  return (Bun.nanoseconds() - began) / times / 1000;
}

function at(values: readonly number[], part: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * part)] ?? Number.NaN;
}
