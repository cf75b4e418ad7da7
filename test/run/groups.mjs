// Which test files run in one process together.
import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { root } from "../../demo/install.mjs";

const sources = ["core", "plugins", "policies", "bench", "demo", "test"];

/** Acceptance tests that mostly wait run beside one another, in one lane the topics of each line. */
const lanes = [
  ["web", "identity"],
  ["ssh", "postgres", "sql"],
];
/** But not those that load the machine, or whose point is what a loaded one does. */
const sensitive = /-(load|bench|regression|worker|slow-reader|kills|aborts|bounds)\.test\.ts$/;

/**
 * `together` may run beside one another: unit tests, a group a folder (core/trail, plugins/mask). So may the `lanes`, each
 * of which runs its groups one after the other. `alone` run when nothing else does. What starts real servers is a group a file.
 */
export function testGroups(paths) {
  const wanted = (file) =>
    paths.length === 0 || paths.some((path) => file.startsWith(path.replace(/^\.\//, "")));
  const groups = new Map();
  for (const file of sources.flatMap(testFiles).filter(wanted)) {
    const name = file.startsWith("test/") ? file : file.split("/").slice(0, -1).slice(0, 2).join("/");
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  const all = [...groups].map(([name, files]) => ({ name, files }));
  const real = all.filter(({ name }) => name.startsWith("test/"));
  return {
    together: all.filter((group) => !real.includes(group)),
    lanes: lanes.map((_, lane) => real.filter(({ name }) => laneOf(name) === lane)),
    alone: real.filter(({ name }) => laneOf(name) === -1),
  };
}

/** -1: none. */
function laneOf(name) {
  const topic = /^test\/acceptance\/([a-z]+)-/.exec(name)?.[1];
  return sensitive.test(name) ? -1 : lanes.findIndex((topics) => topics.includes(topic));
}

function testFiles(folder) {
  const inside = join(root, folder);
  if (!statSync(inside, { throwIfNoEntry: false })) return [];
  return readdirSync(inside, { recursive: true })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => relative(root, join(inside, path)).split(sep).join("/"))
    .sort();
}
