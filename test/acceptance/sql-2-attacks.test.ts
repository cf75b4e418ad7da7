import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Arena } from "../attacks/sql/arena.ts";
import type { Attack } from "../attacks/sql/attack.ts";
import { corpus } from "../attacks/sql/corpus.ts";
import { mutantsOf } from "../attacks/sql/mutate.ts";
import type { Finding } from "../attacks/sql/round.ts";
import { measured, needs, testWith } from "../needs.ts";
import type { PostgresVersion } from "../servers/postgres.ts";

const long = process.env.POSTERN_LONG !== undefined;
const seed = Number(process.env.POSTERN_SEED ?? 1);
/** Of each server. */
const mutants = Number(process.env.POSTERN_RUNS ?? (long ? 50_000 : 400));
const limit = 3_600_000;
const record = join(import.meta.dir, "../attacks/sql/last-long-run.json");

/** What the last long run came to, a server each. Committed with the code that it was about. */
interface Run {
  readonly seed: number;
  readonly cases: number;
  /** Which mean to the server what their originals mean, and which may mean anything. */
  readonly mutants: { readonly kept: number; readonly torn: number };
  /** Kept ones that were refused, and those of them with the very words of their original's refusal. */
  readonly refused: { readonly all: number; readonly inTheSameWords: number };
  readonly perSecond: number;
  readonly findings: readonly string[];
}

const servers: readonly (readonly [PostgresVersion, string | undefined])[] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];
const runs: Record<string, Run> = {};

describe("sql, must hold 2: the corpus itself", () => {
  test("has its size, honest cases, attacks on masks, and a name for each", () => {
    const all = (holds: (attack: Attack) => boolean) => corpus.filter(holds).length;
    expect(corpus.length).toBeGreaterThanOrEqual(300);
    expect(all(({ expect }) => expect === "allowed")).toBeGreaterThanOrEqual(corpus.length / 5);
    expect(all(({ under }) => under.startsWith("mask"))).toBeGreaterThanOrEqual(80);
    const names = corpus.map(({ family, tries }) => `${family}: ${tries}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    const gaps = corpus.flatMap(({ family, tries, gap }) => (gap ? [`${family}: ${tries}: ${gap}`] : []));
    for (const gap of gaps) console.log(`open: ${gap}`);
    measured(`${corpus.length} attacks of our own and honest cases, ${gaps.length} of them open`);
  });

  test("the last long run is told, with what it found", () => {
    const last = JSON.parse(readFileSync(record, "utf8")) as Record<string, Run>;
    for (const [server, { seed: of, mutants: played, findings }] of Object.entries(last)) {
      measured(
        `last long run, ${server}: ${played.kept + played.torn} mutants of seed ${of}, ${findings.length} findings`,
      );
    }
    expect(Object.keys(last)).toEqual(servers.map(([version]) => `PostgreSQL ${version}`));
  });
});

for (const [version, lack] of servers) {
  describe(`sql, must hold 2: attacks on PostgreSQL ${version}`, () => {
    let arena: Arena;
    beforeAll(async () => {
      if (!lack) arena = await Arena.open(version);
    }, 120_000);
    afterAll(async () => await arena?.close());

    testWith(lack)(
      "what the server did is what policy allows, and no masked value leaves",
      async () => {
        expect(told(await arena.corpus())).toEqual([]);
      },
      limit,
    );

    testWith(lack)(
      "what is said to be open is open",
      async () => {
        expect((await arena.closed()).map(({ tries }) => tries)).toEqual([]);
      },
      limit,
    );

    testWith(lack)(
      "the same for who may only read, whose sessions are locked besides",
      async () => {
        expect(told(await arena.corpus(true))).toEqual([]);
      },
      limit,
    );

    testWith(lack)(
      `the same of mutants: ${mutants}`,
      async () => {
        const begun = performance.now();
        const found = told(await arena.mutants(mutantsOf(arena.cases(), seed, mutants)));
        const perSecond = Math.round((mutants * 1000) / (performance.now() - begun));
        const { kept, torn, refused, sameReason } = arena.counts;
        runs[`PostgreSQL ${version}`] = {
          seed,
          cases: arena.cases().length,
          mutants: { kept, torn },
          refused: { all: refused, inTheSameWords: sameReason },
          perSecond,
          findings: found,
        };
        if (long) writeFileSync(record, `${JSON.stringify(runs, undefined, 2)}\n`);
        measured(`${mutants} mutants of seed ${seed} on PostgreSQL ${version}, ${perSecond} a second`);
        expect(found).toEqual([]);
        // The generator is honest: what it took for the same is the same to who refuses it.
        expect(sameReason).toBeGreaterThan(refused * 0.6);
      },
      limit,
    );
  });
}

function told(findings: readonly Finding[]): string[] {
  return findings.map(({ attack, faults }) =>
    [`${attack.under}: ${attack.family}: ${attack.tries}`, JSON.stringify(attack.sql), ...faults].join(
      "\n  ",
    ),
  );
}
