import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import baseline from "./baseline.json" with { type: "json" };
import { measureClassify } from "./classify/index.ts";
import { measureEndings } from "./endings.ts";
import type { Figure } from "./figure.ts";
import { measureGoals } from "./goals/index.ts";
import { measureGrowth } from "./growth/index.ts";
import { baselineOf, compare, verdict } from "./guard.ts";
import { guardHttp } from "./http/guard.ts";
import { measureHttp } from "./http/index.ts";
import { measureHttpInside } from "./http/measure-inside.ts";
import { interleave } from "./interleave.ts";
import { type Options, readOptions } from "./options.ts";
import { deriveAdded } from "./postgres/derive.ts";
import { all, allPeers, guarded, guardedPeers, withPeers } from "./postgres/index.ts";
import { chart } from "./report/chart.ts";
import { document } from "./report/document.ts";
import { table } from "./report/table.ts";
import { extents } from "./scenario.ts";
import { measureSsh } from "./ssh.ts";

const say = (doing: string) => console.error(doing);

async function measure({ extent, json, svg }: Options): Promise<void> {
  const how = extents[extent];
  await withPeers(allPeers, how, async (peers) => {
    const samples = await interleave(all, peers, how, say);
    deriveAdded(samples, peers);
    const figures = distinct(all.flatMap((scenario) => scenario.figures));
    console.log(table(figures, peers, samples));
    console.log(
      "Medians. × is the ratio to direct, for CPU, memory, calls and added latency that to HAProxy.",
    );
    if (json) write(json, `${JSON.stringify(document(figures, peers, samples, how), null, 2)}\n`);
    const picture = svg ?? join(import.meta.dir, "results/postgres.svg");
    write(picture, chart("Postgres: ratios to direct and to HAProxy", figures, peers, samples));
    say(`The chart is in ${picture}.`);
  });
}

/** Exit status: 1 when something became worse. */
async function guard({ writeBaseline }: Options): Promise<number> {
  const how = extents.guard;
  return withPeers(guardedPeers, how, async (peers) => {
    const samples = await interleave(guarded, peers, how, say);
    const figures = distinct(guarded.flatMap((scenario) => scenario.figures));
    if (writeBaseline) {
      const ids = peers.map(({ id }) => id);
      write(
        join(import.meta.dir, "baseline.json"),
        `${JSON.stringify(baselineOf(samples, figures, ids), null, 2)}\n`,
      );
    }
    const compared = compare(samples, figures, baseline);
    console.log(table(figures, peers, samples));
    console.log(verdict(compared));
    return !writeBaseline && compared.some(({ worse }) => worse) ? 1 : 0;
  });
}

function distinct(figures: readonly Figure[]): Figure[] {
  return [...new Map(figures.map((figure) => [figure.id, figure])).values()];
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

try {
  if (process.argv[2] === "endings") {
    console.log(await measureEndings());
    process.exit();
  }
  if (process.argv[2] === "goals") {
    const rest = process.argv.slice(3);
    const only = rest.find((word) => !word.startsWith("-"));
    console.log(await measureGoals(rest.includes("--short") ? "short" : "long", only, say));
    process.exit();
  }
  if (process.argv[2] === "growth") {
    const { report, good } = await measureGrowth(process.argv[3] === "--short" ? "short" : "long", say);
    console.log(report);
    process.exit(good ? 0 : 1);
  }
  if (process.argv[2] === "classify") {
    const { report, good } = await measureClassify(process.argv[3]);
    console.log(report);
    process.exit(good ? 0 : 1);
  }
  if (process.argv[2] === "ssh") {
    console.log(await measureSsh(process.argv[3] === "--short" ? "short" : "long"));
    process.exit();
  }
  if (process.argv[2] === "http") {
    const [, , , how, more] = process.argv;
    if (how === "--guard") {
      const { report, good } = await guardHttp(more === "--write-baseline", say);
      console.log(report);
      process.exit(good ? 0 : 1);
    }
    const extent = how === "--short" ? "short" : "long";
    console.log(
      how === "--inside" ? await measureHttpInside(extents.short, say) : await measureHttp(extent, say),
    );
    process.exit();
  }
  const options = readOptions(process.argv.slice(2));
  if (options.guard) process.exitCode = await guard(options);
  else await measure(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
