// Which test files run in one process together.
import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { root } from "../../demo/install.mjs";

const sources = ["core", "plugins", "policies", "bench", "demo", "test"];

/**
 * `together` may run beside one another: unit tests, a group a folder (core/trail, plugins/mask).
 * `alone` run one after the other: what starts real servers under load, a group a file.
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
  return {
    together: all.filter(({ name }) => !name.startsWith("test/")),
    alone: all.filter(({ name }) => name.startsWith("test/")),
  };
}

function testFiles(folder) {
  const inside = join(root, folder);
  if (!statSync(inside, { throwIfNoEntry: false })) return [];
  return readdirSync(inside, { recursive: true })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => relative(root, join(inside, path)).split(sep).join("/"))
    .sort();
}
