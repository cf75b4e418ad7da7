// `npm test`: prepares the machine, runs every check and test, and ends with one line of counts.
//   node test/run.mjs [--long] [--no-skips] [path …]
// --long: more seeds and iterations. --no-skips: a skip fails the run unless the kernel lacks something.
import { availableParallelism } from "node:os";
import { install } from "../demo/install.mjs";
import { check, runGroup } from "./run/group.mjs";
import { testGroups } from "./run/groups.mjs";
import { installKubectl, installLibsql, prepareMachine } from "./run/machine.mjs";
import { installPostgresSources } from "./run/postgres-sources.mjs";
import { report, summary } from "./run/report.mjs";

const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const paths = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const long = flags.has("--long");

// An exit ends the groups that run (test/run/group.mjs); a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

const bun = install(console.log);
prepareMachine(console.log);
installLibsql(console.log);
installKubectl(console.log);
installPostgresSources(console.log);

const { together, lanes, alone } = testGroups(paths);
const results = paths.length === 0 ? [await check("tsc"), await check("biome")] : [];
for (const result of results) report(result);
const cores = availableParallelism();
results.push(...(await inLanes(Array(Math.min(4, cores)).fill([...together]))));
const beside = await inLanes(cores > 1 ? lanes.map((lane) => [...lane]) : [lanes.flat()]);
results.push(...beside.filter(({ failed }) => failed === 0));
// Whoever fails in company has another try by itself: what is wrong fails there too.
const failed = new Set(beside.filter((result) => result.failed > 0).map(({ name }) => name));
if (failed.size > 0) console.log(`again, by themselves: ${[...failed].join(", ")}`);
results.push(...(await inLanes([[...lanes.flat().filter(({ name }) => failed.has(name)), ...alone]])));

const { line, ok } = summary(results, flags.has("--no-skips"));
console.log(line);
process.exit(ok ? 0 : 1);

/** Groups of one list one after the other, the lists beside each other; one that stands there twice is shared. */
async function inLanes(lists) {
  const results = [];
  const lane = async (waiting) => {
    for (let group = waiting.shift(); group; group = waiting.shift()) {
      const result = await runGroup(bun, group, long);
      results.push(result);
      report(result);
    }
  };
  await Promise.all(lists.map(lane));
  return results;
}
