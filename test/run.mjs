// `npm test`: prepares the machine, runs every check and test, and ends with one line of counts.
//   node test/run.mjs [--long] [--no-skips] [--guard] [path …]
// --long: more seeds and iterations. --no-skips: a skip fails the run unless the kernel lacks something.
// --guard: nothing on the hot path may cost more than it did (bench/).
import { availableParallelism } from "node:os";
import { peers } from "../bench/peers.mjs";
import { install } from "../demo/install.mjs";
import { onlyIn } from "./run/failures.mjs";
import { check, checks, guard, runGroup } from "./run/group.mjs";
import { testGroups } from "./run/groups.mjs";
import { installKubectl, installLibsql, prepareMachine } from "./run/machine.mjs";
import { installPostgresSources } from "./run/postgres-sources.mjs";
import { report, summary } from "./run/report.mjs";

const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const paths = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const long = flags.has("--long");

// An exit ends the groups that run (test/run/group.mjs); a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

// Debian's packages come while npm's do, and while all runs that needs none of them.
const packages = prepareMachine(console.log, flags.has("--guard") ? peers : []);
const bun = install(console.log);
const machine = Promise.all([
  installLibsql(console.log),
  packages.then(() => installKubectl(console.log)).then(() => installPostgresSources(console.log)),
]);

const { early, together, beside, alone } = testGroups(paths);
const cores = availableParallelism();
const results = [];
const flaky = [];

await inLanes(Math.min(4, cores), [
  ...(paths.length === 0 ? checks.map((name) => () => check(name)) : []),
  ...running(early),
  ...together.map((group) => () => machine.then(() => runGroup(bun, group, long))),
]);
await machine;
if (flags.has("--guard")) await inLanes(1, [() => guard(bun)]);
// More than there are cores, and what waits for the disk is late now and then.
await inLanes(Math.min(4, cores), running(beside));
await inLanes(1, running(alone));

const { line, ok } = summary(results, flaky, flags.has("--no-skips"));
console.log(line);
process.exit(ok ? 0 : 1);

function running(groups) {
  return groups.map((group) => () => runGroup(bun, group, long));
}

/** So many at a time. Whoever fails has another try, by itself: what is wrong fails there too. */
async function inLanes(count, tries) {
  const waiting = [...tries];
  const failed = [];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const result = await next();
      report(result);
      (result.failed > 0 && result.again ? failed : results).push(result);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  if (failed.length > 0) console.log(`again, by themselves: ${failed.map(({ name }) => name).join(", ")}`);
  for (const first of failed) {
    const second = await first.again();
    report(second);
    results.push(second);
    flaky.push(...onlyIn(first.failures, second.failures));
  }
}
