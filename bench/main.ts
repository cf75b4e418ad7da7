import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { measureClassify } from "./classify/index.ts";
import { measureEndings } from "./endings.ts";
import { measureGoals } from "./goals/index.ts";
import type { Protocol } from "./goals/rows.ts";
import { measureGrowth } from "./growth/index.ts";
import { guard } from "./guard/index.ts";
import { measureHttp } from "./http/index.ts";
import { measureHttpInside } from "./http/measure-inside.ts";
import { type CommandName, type Options, readOptions } from "./options.ts";
import { measurePostgres } from "./postgres/measure.ts";
import type { Report } from "./report/report.ts";
import { extents } from "./scenario.ts";
import { measureSsh } from "./ssh/index.ts";

/** With the seconds since the beginning. */
const say = (doing: string) =>
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${doing}`);

/** What each prints; false: something is not as it should be. */
const commands: Readonly<Record<CommandName, (options: Options) => Promise<boolean>>> = {
  async postgres({ extent, json, svg }) {
    const report = await measurePostgres(extents[extent], say);
    const picture = svg ?? join(import.meta.dir, "results/postgres.svg");
    write(picture, report.chart);
    say(`The chart is in ${picture}.`);
    return print(report, json);
  },
  async http({ extent, inside, json }) {
    return print(await (inside ? measureHttpInside(say) : measureHttp(extents[extent], say)), json);
  },
  ssh: async ({ extent, json }) => print(await measureSsh(extents[extent], say), json),
  goals: async ({ extent, word, json }) =>
    print(await measureGoals(extent, word as Protocol | undefined, say), json),
  async guard({ word, writeBaseline }) {
    const { report, good } = await guard(word, writeBaseline, say);
    console.log(report);
    return good;
  },
  async growth({ extent }) {
    const { report, good } = await measureGrowth(extent === "short", say);
    console.log(report);
    return good;
  },
  async endings() {
    console.log(await measureEndings());
    return true;
  },
  async classify({ word }) {
    const { report, good } = await measureClassify(word);
    console.log(report);
    return good;
  },
};

function print({ text, document }: Report, json: string | undefined): boolean {
  if (json !== undefined) write(json, `${JSON.stringify(document, null, 2)}\n`);
  console.log(text);
  return true;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

// Servers and peers are killed as this process exits, also those that are stopped while they wait for their turn.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(2));

try {
  const options = readOptions(process.argv.slice(2));
  // Something of what it started may still be open.
  process.exit((await commands[options.command](options)) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
