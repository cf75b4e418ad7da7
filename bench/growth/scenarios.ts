import { drainMicrotasks } from "bun:jsc";
import { mask, record } from "../../plugins/index.ts";
import { bind, describe, execute, parse, query, sync } from "../../plugins/postgres/wire/query.ts";
import { commandComplete, readyForQuery } from "../../plugins/postgres/wire/session.ts";
import { between, type Ends, type Guard } from "../postgres/between.ts";
import { answer, preparation, requests } from "../postgres/messages.ts";
import type { Curve, Line, Point } from "./curve.ts";
import { httpGrowth } from "./http.ts";
import { resultOf } from "./rows.ts";
import { best } from "./timed.ts";

export type Scenario = (points: Points) => Promise<Curve>;
/** The sizes that are measured: tens up to a limit, which `--short` makes smaller. */
export type Points = (most: number) => readonly number[];

const idle = 0x49;
const done = Buffer.concat([commandComplete("SELECT 1"), readyForQuery(idle)]);
/** Milliseconds in which what waits for the disk has passed. */
const settling = 200;
/** Queries that one reading is of. */
const queries = 500;
const answered = answer("prepared");

/** Prepared selects by one session after another, as if all were at work. */
async function sessions(points: Points): Promise<Curve> {
  const line = async (title: string, under: readonly Guard[]): Promise<Line> => {
    const { session, settled, close } = await between(under);
    const open = [prepared(await settled())];
    const all: Point[] = [];
    for (const x of points(10_000)) {
      while (open.length < x) open.push(prepared(session()));
      const asked = requests("prepared", queries, 0);
      let turn = 0;
      const y = await best(() =>
        asked.every((bytes) => exchange(open[turn++ % open.length] as Ends, bytes, answered)),
      );
      all.push({ x, y: y / queries });
    }
    await close();
    return { title, points: all };
  };
  const lines = [await line("a rule", []), await line("recorded", [record()])];
  return { id: "sessions", title: "A prepared query", over: "sessions at work", unit: "µs", lines };
}

/** A statement that was never seen, and the same one again. */
async function statementSize(points: Points): Promise<Curve> {
  const { session, close } = await between([]);
  const ends = session();
  const [first, again]: [Point[], Point[]] = [[], []];
  let seen = 0;
  for (const x of points(100_000).filter((size) => size >= 100)) {
    const fresh = () => query(`select '${String(++seen).padEnd(x - 20, "x")}'`);
    let text = fresh();
    const ask = () => exchange(ends, text, done);
    first.push({
      x,
      y: await best(ask, () => {
        text = fresh();
      }),
    });
    again.push({ x, y: await best(ask) });
  }
  await close();
  const lines = [
    { title: "for the first time", points: first },
    { title: "again", points: again },
  ];
  return { id: "statement", title: "A statement", over: "bytes of its text", unit: "µs", lines };
}

/** Rows of eight columns, and what a mask of one of them costs. */
async function rows(id: "width" | "result", points: Points): Promise<Curve> {
  const lines: Line[] = [];
  for (const [title, under] of [
    ["nothing masked", []],
    ["one of eight columns masked", [mask({ columns: ["c3"] })]],
    ["detectors on all text", [mask({ detect: ["email", "card"] })]],
    ["recorded", [record()]],
  ] as const) {
    // No disk takes results as fast as memory gives them, and a session whose recording falls behind is ended.
    if (id === "result" && title === "recorded") continue;
    const { settled, close } = await between(under);
    const ends = await settled();
    const all: Point[] = [];
    for (const x of points(100_000).filter((size) => id === "result" || size >= 100)) {
      const sent = id === "width" ? resultOf(1, x) : resultOf(x, 100);
      exchange(ends, Buffer.concat([parse("", "select * from bulk"), sync]), sent.parsed);
      const run = Buffer.concat([
        bind("", "", []),
        describe({ kind: "portal", name: "" }),
        execute(""),
        sync,
      ]);
      const answers = under.length > 0 && title !== "recorded" ? sent.described : sent.plain;
      const { caller } = ends;
      const ask = () => {
        const before = caller.taken;
        exchange(ends, run, ...answers);
        return caller.taken - before;
      };
      const whole = await settledAfter(ends, ask);
      all.push({ x, y: await best(() => ask() >= whole) });
    }
    await close();
    lines.push({ title, points: all });
  }
  return id === "width"
    ? { id, title: "A row", over: "bytes of its eight columns", unit: "µs", lines }
    : { id, title: "A result", over: "rows of 100 bytes", unit: "µs", lines };
}

/** Rules and resources that have nothing to do with the session. */
async function rules(points: Points): Promise<Curve> {
  const [query, open]: [Point[], Point[]] = [[], []];
  for (const x of points(1_000)) {
    const { session, close } = await between([], x - 1);
    const ends = prepared(session());
    const asked = requests("prepared", queries, 0);
    const y = await best(() => asked.every((bytes) => exchange(ends, bytes, answered)));
    query.push({ x, y: y / queries });
    open.push({ x, y: await best(() => void session()) });
    await close();
  }
  const lines = [
    { title: "a prepared query", points: query },
    { title: "the opening of a session", points: open },
  ];
  return { id: "rules", title: "Rules", over: "rules and resources", unit: "µs", lines };
}

/** What a recorded query costs, however much has been recorded before it. */
async function recorded(points: Points): Promise<Curve> {
  const { settled, close } = await between([record()]);
  const ends = prepared(await settled());
  const large = resultOf(1_000, 1_000);
  const megabyte = Buffer.concat(large.plain);
  const all: Point[] = [];
  let kept = 0;
  for (const x of points(1_000)) {
    for (; kept < x; kept++) {
      exchange(ends, requests("prepared", 1, 0)[0] as Buffer, megabyte);
      // The recorder makes room ahead of it, a segment at a time.
      await Bun.sleep(30);
    }
    const asked = requests("prepared", queries, 0);
    const y = await best(() => asked.every((bytes) => exchange(ends, bytes, answered)));
    all.push({ x, y: y / queries });
  }
  await close();
  const lines = [{ title: "recorded", points: all }];
  return { id: "recorded", title: "A prepared query", over: "MB recorded before it", unit: "µs", lines };
}

/** A chart each. */
export const growth: Readonly<Record<string, Scenario>> = {
  sessions,
  statement: statementSize,
  width: (points) => rows("width", points),
  result: (points) => rows("result", points),
  rules,
  recorded,
  ...httpGrowth,
};

function prepared(ends: Ends): Ends {
  for (const [from, bytes] of preparation("prepared")) ends[from].arrive(bytes);
  return ends;
}

/** False where nothing comes out: what does not pass costs nothing. */
export function exchange(
  { caller, server }: Ends,
  asked: Uint8Array,
  ...answers: readonly Uint8Array[]
): boolean {
  const before = caller.taken;
  for (const [to, bytes] of [[caller, asked] as const, ...answers.map((bytes) => [server, bytes] as const)]) {
    to.arrive(bytes);
    // What a guardrail has to look at goes on in the same step.
    drainMicrotasks();
  }
  return caller.taken > before;
}

/** Bytes that reach the caller when all that waits has passed. Of the second time: something of what was said before may come with the first. */
export async function settledAfter({ caller }: Ends, act: () => unknown): Promise<number> {
  let before = 0;
  for (let time = 0; time < 2; time++) {
    before = caller.taken;
    act();
    await Bun.sleep(settling);
  }
  if (caller.taken === before) throw new Error("Nothing came through the gateway.");
  return caller.taken - before;
}
