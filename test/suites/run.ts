import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  hasPostgres,
  type PostgresServer,
  type PostgresVersion,
  startPostgres,
} from "../servers/postgres.ts";
import { type Driver, driverSuites, driverTests } from "./drivers.ts";
import { openGateway, type Watch } from "./gateway.ts";
import { pgRegress, regress, suiteSettings } from "./regress.ts";
import { direct, type Target } from "./target.ts";

const usage = `Runs a suite of somebody else's direct and through a gateway, and says where the two differ.

  bun test/suites/run.ts <suite> <folder> [15 | 18] [allowing | watching]

suites:
  regress       src/test/regress of PostgreSQL's source, with regress.so, autoinc.so and refint.so in it
  isolation     src/test/isolation of it
  ${Object.keys(driverSuites).join("\n  ")}   (the driver's package, with its tests)
The version is the server's (18); watching: with a recording and a mask that finds nothing.`;

/** By test: whether it passed, and how many passed inside of it; and all that was said. */
type Results = ReadonlyMap<string, { readonly verdict: string; readonly output: string }>;

const database = "suite";
const [suite = "", path = "", version = "18", watch = "allowing"] = process.argv.slice(2);
const known = suite === "regress" || suite === "isolation" || Object.hasOwn(driverSuites, suite);
if (!known || !existsSync(path) || !/^1[58]$/.test(version) || !/^(allow|watch)ing$/.test(watch)) {
  console.error(usage);
  process.exit(2);
}
const folder = resolve(path);
const postgres = Number(version) as PostgresVersion;
if (!hasPostgres(postgres)) throw new Error(`There is no PostgreSQL ${version} here.`);

const itself = await played(async (server) => ({ target: direct(server), close: async () => {} }));
const through = await played(async (server) => {
  const names = ["postgres", "template1", "regression", "isolation_regression", database];
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
console.log(`${itself.size} direct, ${through.size} through the gateway, ${different.length} differ`);
process.exit(different.length === 0 ? 0 : 1);

/** On a server that is new. */
async function played(
  open: (server: PostgresServer) => Promise<{ target: Target; close: () => Promise<void> }>,
): Promise<Results> {
  const server = await startPostgres({ version: postgres, settings: suiteSettings });
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
  if (suite === "regress" || suite === "isolation") {
    const schedule = join(folder, suite === "regress" ? "parallel_schedule" : "isolation_schedule");
    const program = pgRegress(postgres, suite);
    const { files, diffs } = await regress({ program, schedule, folder, libraries: folder }, target);
    return new Map(
      [...files].map(([name, ok]) => {
        const output = diffs.get(name) ?? "";
        return [name, { verdict: ok ? "ok" : `not ok (${Bun.hash(output).toString(36)})`, output }];
      }),
    );
  }
  const outcomes = await driverTests(suite as Driver, folder, target, database);
  return new Map(
    [...outcomes].map(([name, { code, passed, output }]) => {
      return [name, { verdict: `${code === 0 ? "ok" : "not ok"} (${passed} passed)`, output }];
    }),
  );
}
