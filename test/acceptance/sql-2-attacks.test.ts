import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Arena } from "../attacks/sql/arena.ts";
import type { Attack } from "../attacks/sql/attack.ts";
import { corpus } from "../attacks/sql/corpus.ts";
import {
  commitPlayed,
  cutOff,
  type LongRun,
  longRuns,
  playedOf,
  writeLongRun,
} from "../attacks/sql/long-run.ts";
import { mutantsOf } from "../attacks/sql/mutate.ts";
import type { Finding } from "../attacks/sql/round.ts";
import { measured, needs, testWith } from "../needs.ts";
import type { PostgresVersion } from "../servers/postgres.ts";

const long = process.env.POSTERN_LONG !== undefined;
const seed = Number(process.env.POSTERN_SEED ?? 1);
/** Of each server. */
const mutants = Number(process.env.POSTERN_RUNS ?? (long ? 50_000 : 400));
const limit = 3_600_000;
const servers: readonly (readonly [PostgresVersion, string | undefined])[] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

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

  test("the last long run was of 100,000 mutants and found nothing", () => {
    const runs = Object.entries(longRuns());
    for (const [server, { commit, seed: of, cases, findings, ...run }] of runs) {
      measured(
        `last long run, ${server}, ${commit.slice(0, 7)}: ${playedOf(run)} mutants of ${cases} cases, seed ${of}`,
      );
      expect(findings).toEqual([]);
      expect(playedOf(run)).toBe(run.of);
    }
    expect(runs.map(([server]) => server)).toEqual(servers.map(([version]) => `PostgreSQL ${version}`));
    expect(runs.reduce((sum, [, run]) => sum + run.of, 0)).toBeGreaterThanOrEqual(100_000);
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
        const server = `PostgreSQL ${version}`;
        const whole = { commit: commitPlayed(), seed, cases: arena.cases().length, of: mutants };
        const before = long ? cutOff(server, whole) : undefined;
        const first = before ? playedOf(before) : 0;
        const findings = [...(before?.findings ?? [])];
        for await (const found of arena.mutants(mutantsOf(arena.cases(), seed, first, mutants))) {
          findings.push(...told(found));
          const run = runOf(whole, arena.counts, findings, before);
          if (!long) continue;
          writeLongRun(server, run);
          for (const one of told(found)) console.log(`found: ${one}`);
          console.log(`${server}: ${playedOf(run)} of ${mutants} mutants, ${findings.length} findings`);
        }
        measured(`${mutants} mutants of seed ${seed} on PostgreSQL ${version}`);
        expect(findings).toEqual([]);
        // The generator is honest: what it took for the same is the same to who refuses it.
        const { refused, sameReason } = arena.counts;
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

/** What a run has come to, with what was played of it before it was cut off. */
function runOf(
  whole: Pick<LongRun, "commit" | "seed" | "cases" | "of">,
  { kept, torn, refused, sameReason }: Arena["counts"],
  findings: readonly string[],
  before: LongRun | undefined,
): LongRun {
  return {
    ...whole,
    mutants: { kept: kept + (before?.mutants.kept ?? 0), torn: torn + (before?.mutants.torn ?? 0) },
    refused: {
      all: refused + (before?.refused.all ?? 0),
      inTheSameWords: sameReason + (before?.refused.inTheSameWords ?? 0),
    },
    findings,
  };
}
