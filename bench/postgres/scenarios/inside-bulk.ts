import { mask, record } from "../../../plugins/index.ts";
import { Scanner } from "../../../plugins/mask/detect/scanner.ts";
import { bind, describe, execute, parse, sync } from "../../../plugins/postgres/wire/query.ts";
import { resultOf } from "../../growth/rows.ts";
import { exchange, settledAfter } from "../../growth/scenarios.ts";
import { best } from "../../growth/timed.ts";
import type { Scenario } from "../../scenario.ts";
import { between, type Guard } from "../between.ts";

const rows = 2000;
const width = 100;
const run = Buffer.concat([bind("", "", []), describe({ kind: "portal", name: "" }), execute(""), sync]);

const under: Readonly<Record<string, readonly Guard[]>> = {
  rule: [],
  mask: [mask({ columns: ["c3"] })],
  detect: [mask({ detect: ["email", "card"] })],
  record: [record()],
};
export const bulkVariants = Object.keys(under);

/** A large result without the kernel's share: relay, masks, detectors, recorder. */
export const insideBulk: Scenario<{ readonly id: string }> = {
  name: "a large result, inside",
  figures: [
    {
      id: "bulk.inside",
      title: "a large result inside the gateway",
      unit: "× hashing it",
      better: "less",
      noise: 1,
    },
    { id: "bulk.scanner", title: "the detectors alone", unit: "× hashing it", better: "less", noise: 1 },
  ],
  async run({ id }) {
    const cost = await insideOf(under[id] ?? []);
    return { "bulk.inside": cost, ...(id === "detect" ? { "bulk.scanner": await scanner() } : {}) };
  },
};

/** CPU of the thread for a result of 200 KB, as a multiple of hashing as many bytes. */
export async function insideOf(guards: readonly Guard[]): Promise<number> {
  const { settled, close } = await between(guards);
  const ends = await settled();
  const { caller, server } = ends;
  // Who looks at columns has the gateway ask for them.
  const looks = guards.some(({ needs }) => needs.includes("rows"));
  const { parsed, plain, described } = resultOf(rows, width);
  const answers = looks ? described : plain;
  caller.arrive(Buffer.concat([parse("", "select * from bulk"), sync]));
  server.arrive(parsed);
  const ask = () => {
    const before = caller.taken;
    exchange(ends, run, ...answers);
    return caller.taken - before;
  };
  const whole = await settledAfter(ends, ask);
  const cost = await best(() => ask() >= whole);
  await close();
  return cost / (await hashing(answers));
}

/** What the detectors take to look through rows of text, with something to find now and then. */
async function scanner(): Promise<number> {
  const text = scanned();
  const own = new Scanner(["email", "card"]);
  const cost = await best(() => {
    for (let at = 0; own.next(text, at, text.length); at = own.end);
  });
  return cost / (await hashing([text]));
}

/** Rows as a table has them. */
export function scanned(): Buffer {
  const row =
    "4711\tsomebody or other\tfixed text of some length\t2026-11-22 10:00:00+00\t0f343b0931126a20f133d67c2b018a3b\n";
  return Buffer.from((row.repeat(40) + "jane.doe@example.org\n".repeat(2)).repeat(40));
}

function hashing(pieces: readonly Uint8Array[]): Promise<number> {
  return best(() => {
    for (const bytes of pieces) Bun.SHA256.hash(bytes);
  });
}
