import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { classify, loadParser } from "../../plugins/postgres/sql/classify.ts";
import { Random, seeds } from "../fuzz.ts";
import { measured, needs, testWith } from "../needs.ts";
import { openGateway } from "../suites/gateway.ts";
import { pgRegress, regress } from "../suites/regress.ts";
import { direct } from "../suites/target.ts";
import { type Verdict, verdicts } from "../witness/coverage.ts";
import { messagesIn } from "../witness/facts.ts";
import { lacksWitness, regressFolder, startWitnessed } from "../witness/server.ts";
import { recordedVerdicts } from "../witness/trail.ts";

/** Views, rules, row security and what hangs on a table by its keys: what only the catalogue tells. */
const catalogueSchedule = join(import.meta.dir, "../witness/catalogue.schedule");

const program = pgRegress(15, "regress");
/** All 217 files of the suite, or 50 of them. */
const schedule = process.env.POSTERN_LONG
  ? join(regressFolder, "parallel_schedule")
  : join(import.meta.dir, "../witness/sample.schedule");

/**
 * Must hold 3. PostgreSQL's own regression suite runs at a server that writes down, from inside, what each text named, called,
 * read, wrote, made, changed and dropped. What the classifier says of the same text must cover it.
 */
describe("every statement of the regression suite", () => {
  let all: readonly Verdict[] = [];
  beforeAll(async () => {
    await loadParser();
    if (needs.postgres15 || lacksWitness) return;
    const { server, facts, libraries, close } = await startWitnessed();
    try {
      const input = { program, schedule, folder: regressFolder, libraries };
      const { files } = await regress(input, direct(server));
      // The witness changes nothing of what the suite sees.
      expect([...files].filter(([, passed]) => !passed)).toEqual([]);
      all = [...verdicts(messagesIn(facts))];
    } finally {
      await close();
    }
  }, 900_000);

  testWith(needs.postgres15, lacksWitness)("is classified as a superset of what it did", async () => {
    expect(all.length).toBeGreaterThan(process.env.POSTERN_LONG ? 45_000 : 10_000);
    const missed = all.flatMap(({ text, misses }) => misses.map((miss) => `${miss}: ${text}`));
    expect(missed).toEqual([]);
    const hidden = all.filter((verdict) => verdict.hidden.length > 0).length;
    measured(`regression suite: ${all.length} texts, nothing missed; of ${hidden} the catalogue tells more`);
  });

  testWith(needs.postgres15, lacksWitness)("is known, but for one in a hundred", async () => {
    const valid = all.filter(({ invalid }) => !invalid);
    const unknown = valid.filter((verdict) => verdict.unknown);
    const list = unknown.map(({ text }) => `unknown: ${text.replace(/\s+/g, " ").slice(0, 100)}`);
    console.log(list.join("\n"));
    measured(`regression suite: ${unknown.length} of ${valid.length} valid texts are unknown`);
    expect(unknown.length / valid.length).toBeLessThan(0.01);
  });

  // Minutes: nearly every statement follows a definition, and the catalogue is read again.
  const long = process.env.POSTERN_LONG ? testWith(needs.postgres15, lacksWitness) : () => {};
  long(
    "means through the gateway what it did, views, rules and functions included",
    async () => {
      const { server, facts, libraries, close } = await startWitnessed();
      const gateway = await openGateway(server, ["postgres", "regression"], "allowing");
      try {
        const input = { program, schedule: catalogueSchedule, folder: regressFolder, libraries };
        await regress(input, gateway);
        const recorded = [...recordedVerdicts(messagesIn(facts), gateway.data)];
        expect(recorded.length).toBeGreaterThan(2_500);
        expect(recorded.filter(({ invalid, unknown }) => unknown && !invalid).length).toBeLessThan(30);
        const missed = recorded.flatMap(({ text, misses }) => misses.map((miss) => `${miss}: ${text}`));
        measured(`through the gateway: ${recorded.length} texts`);
        expect(missed).toEqual([]);
      } finally {
        await gateway.close();
        await close();
      }
    },
    900_000,
  );

  testWith(needs.postgres15, lacksWitness)(
    "with words moved about is still classified, by no error",
    async () => {
      const texts = all.map(({ text }) => text);
      for (const seed of seeds(60)) {
        const random = new Random(seed);
        for (let times = 0; times < 50; times++) {
          const text = edited(random, texts[random.upTo(texts.length)] ?? "", texts);
          const { actions, detail } = classify(text);
          detail.lineage();
          const empty = /^(\s|;|--[^\n]*(\n|$)|\/\*[\s\S]*\*\/)*$/.test(text);
          if (detail.statements === 0) expect([text, empty]).toEqual([text, true]);
          for (const { on } of actions) expect(on).not.toBe("");
        }
      }
    },
  );
});

test("a statement of more than 1 MiB is unknown, however its characters are written", async () => {
  await loadParser();
  for (const character of ["x", "é", "€", "😀"]) {
    const size = Buffer.byteLength(character);
    const room = Math.floor(((1 << 20) - "select ''".length) / size);
    const longest = `select '${character.repeat(room)}'`;
    expect(classify(longest).actions).toEqual([{ effect: "read", on: "(none)" }]);
    expect(classify(`${longest}${" ".repeat(size)}`).actions).toEqual([{ effect: "unknown", on: "*" }]);
  }
});

const token = /\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|\w+|\$\w*\$|./gs;

/** A text with a few of its words and signs left out, doubled, exchanged, or replaced by another text's. */
function edited(random: Random, text: string, others: readonly string[]): string {
  const tokens: string[] = text.match(token) ?? [];
  const other = (others[random.upTo(others.length)] ?? "").match(token) ?? [];
  for (let times = 1 + random.upTo(4); times > 0 && tokens.length > 0; times--) {
    const at = random.upTo(tokens.length);
    const put = random.of([
      [],
      [tokens[at] ?? "", tokens[at] ?? ""],
      [tokens[random.upTo(tokens.length)] ?? ""],
      [other[random.upTo(other.length || 1)] ?? ";"],
      other.slice(random.upTo(other.length || 1)),
      [random.of(["'", '"', "/*", "*/", "--", "\\", "$$", ";", "\0", "U&", "E'"])],
    ]);
    tokens.splice(at, 1, ...put);
  }
  return tokens.join("");
}
