import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  hasPostgres,
  type PostgresServer,
  type PostgresVersion,
  startPostgres,
} from "../servers/postgres.ts";
import { type Driver, driverSuites, driverTests, type FileOutcome } from "./drivers.ts";
import { openGateway, type Watch } from "./gateway.ts";
import { testLibraries } from "./libraries.ts";
import { moduleDatabase, moduleInput, testedModules } from "./modules.ts";
import { pgRegress, type Regression, regress, suiteSettings } from "./regress.ts";
import { direct, type Target } from "./target.ts";

const usage = `Runs a suite of somebody else's direct and through a gateway, and says where the two differ.

  bun test/suites/run.ts <suite> <folder> [15 | 18] [allowing | watching] [<headers>]

suites:
  regress       src/test/regress of PostgreSQL's source; <headers>: a folder with usr/include/postgresql
  isolation     src/test/isolation of it
  modules       a folder of modules with tests of their own: contrib, src/pl
  ${Object.keys(driverSuites).join("\n  ")}   (the driver's package, with its tests and what they require installed)
The version is the server's (18); watching: with a recording and a mask that finds nothing. Where each is from and what was
seen: test/suites/README.md.`;

/** Whether a test passed, and how many passed inside of it; and all that was said. */
interface Verdict {
  readonly verdict: string;
  readonly output: string;
}
type Results = ReadonlyMap<string, Verdict>;

const database = "suite";
const [suite = "", path = "", version = "18", watch = "allowing", headers = ""] = process.argv.slice(2);
const ofServer = suite === "regress" || suite === "isolation" || suite === "modules";
const known = ofServer || Object.hasOwn(driverSuites, suite);
if (!known || !existsSync(path) || !/^1[58]$/.test(version) || !/^(allow|watch)ing$/.test(watch)) {
  console.error(usage);
  process.exit(2);
}
const folder = resolve(path);
const postgres = Number(version) as PostgresVersion;
if (!hasPostgres(postgres)) throw new Error(`There is no PostgreSQL ${version} here.`);

/** The isolation tester writes its session's number behind application_name, in which the gateway's word leaves no room for it. */
const renamed = /^\+\w+: NOTICE: {2}identifier ".* postern:ses_.*" will be truncated to .*\n/gm;
const driver = ofServer ? undefined : driverSuites[suite as Driver];

const itself = await played(async (server) => ({ target: direct(server), close: async () => {} }));
const through = await played(async (server) => {
  const own = ["regression", "isolation_regression", moduleDatabase, ...(driver?.databases ?? [])];
  const names = ["postgres", "template1", database, ...own];
  const gateway = await openGateway(server, names, watch as Watch);
  return { target: gateway, close: () => gateway.close() };
});
const different = [...new Set([...itself.keys(), ...through.keys()])].filter(
  (name) => itself.get(name)?.verdict !== through.get(name)?.verdict,
);
for (const name of different) {
  console.log(
    `\n${name}: ${itself.get(name)?.verdict} direct, ${through.get(name)?.verdict} through the gateway`,
  );
  console.log(through.get(name)?.output.slice(-2000));
}
for (const [name, why] of Object.entries(driver?.byDesign ?? {})) console.log(`by design: ${name}: ${why}`);
console.log(`${itself.size} direct, ${through.size} through the gateway, ${different.length} differ`);
process.exit(different.length === 0 ? 0 : 1);

/** On a server that is new. */
async function played(
  open: (server: PostgresServer) => Promise<{ target: Target; close: () => Promise<void> }>,
): Promise<Results> {
  const server = await startPostgres({
    version: postgres,
    settings: { ...suiteSettings, ...driver?.settings },
    hba: driver?.hba ?? [],
  });
  try {
    await server.sql(`create database ${database}`);
    const { target, close } = await open(server);
    const began = performance.now();
    const results = await run(target);
    const passed = [...results.values()].filter(({ verdict }) => verdict.startsWith("ok")).length;
    console.log(`${passed} of ${results.size} ok, ${((performance.now() - began) / 1000).toFixed(0)} s`);
    await close();
    return results;
  } finally {
    await server.close();
  }
}

async function run(target: Target): Promise<Results> {
  if (suite === "modules") {
    const all = new Map<string, Verdict>();
    for (const module of testedModules(folder)) {
      const results = verdicts(await regress(moduleInput(pgRegress(postgres, "regress"), module), target));
      for (const [name, verdict] of results) all.set(`${module.name} ${name}`, verdict);
    }
    return all;
  }
  if (suite === "regress" || suite === "isolation") {
    const schedule = join(folder, suite === "regress" ? "parallel_schedule" : "isolation_schedule");
    const input = { program: pgRegress(postgres, suite), schedule, folder };
    if (suite === "isolation") return verdicts(await regress(input, target));
    const libraries = testLibraries(folder, resolve(headers), postgres);
    return verdicts(await regress({ ...input, libraries }, target));
  }
  const outcomes = await driverTests(suite as Driver, folder, target, database);
  return new Map([...outcomes].map(([name, outcome]) => [name, verdictOf(outcome)]));
}

function verdicts({ files, diffs }: Regression): Results {
  return new Map(
    [...files].map(([name, ok]) => {
      const output = (diffs.get(name) ?? "").replace(renamed, "").replace(/PGSQL\.\d+/g, "PGSQL");
      const same = ok || (diffs.has(name) && !/^[+-]/m.test(output));
      return [name, { verdict: same ? "ok" : `not ok (${Bun.hash(output).toString(36)})`, output }];
    }),
  );
}

/** What fails by design on one side only counts as left out on both, as it is where a suite can be told to skip it. */
function verdictOf({ code, passed, failed, output }: FileOutcome): Verdict {
  const byDesign = Object.keys(driver?.byDesign ?? {});
  if (driver?.failed === undefined) {
    return { verdict: `${code === 0 ? "ok" : "not ok"} (${passed} passed)`, output };
  }
  const count = passed + failed.length;
  const others = failed.filter((name) => !byDesign.includes(name));
  console.log(`${passed} of ${count} tests passed`);
  return { verdict: `${count} tests, failed: ${others.join("; ") || "none"}`, output };
}
