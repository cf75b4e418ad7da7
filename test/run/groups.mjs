// Which test files run in one process together, and which processes beside one another.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { root } from "../../demo/install.mjs";

const sources = ["core", "plugins", "policies", "bench", "demo", "test"];

/** What real servers and clients are started with, and how a test looks for others: they come from Debian. */
const real = /^test\/(needs\.ts|servers\/|clients\/)/;
const looking = /Bun\.which|"\/usr\//;
/** They load the machine, or their point is what a loaded one does, or how soon something happens. */
const sensitive =
  /-(load|bench|regression|worker|slow-reader|kills|aborts|bounds)\.test\.ts$|\/(6-reload|8-bad-input|lifecycle|notify|speed-\d-\w+)\.test\.ts$/;

/**
 * Groups that may run beside one another: `early` needs nothing but npm's packages, `together` are the other unit tests, a
 * group a folder (core/trail, plugins/postgres/sql). `beside` are acceptance tests and others that start real servers, a
 * group a file, and `alone` those of them that run when nothing else does.
 */
export function testGroups(paths) {
  const wanted = (file) =>
    paths.length === 0 || paths.some((path) => file.startsWith(path.replace(/^\.\//, "")));
  const groups = new Map();
  for (const file of sources.flatMap(testFiles).filter(wanted)) {
    const name = nameOf(file);
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  const all = [...groups].map(([name, files]) => ({ name, files }));
  const units = all.filter(({ name }) => !name.startsWith("test/"));
  const others = all.filter((group) => !units.includes(group));
  const read = new Map();
  const early = units.filter(({ files }) => !needReal(files, read));
  return {
    early,
    together: units.filter((group) => !early.includes(group)),
    beside: others.filter(({ name }) => !sensitive.test(name)),
    alone: others.filter(({ name }) => sensitive.test(name)),
  };
}

function nameOf(file) {
  if (file.startsWith("test/")) return file;
  const folders = file.split("/").slice(0, -1);
  return folders.slice(0, file.startsWith("plugins/postgres/") ? 3 : 2).join("/");
}

/** Whether the files, or what they import, start real servers or look for programs. `read` keeps what was read. */
function needReal(files, read) {
  const reached = new Set(files);
  for (const file of reached) {
    if (real.test(file)) return true;
    if (!read.has(file)) read.set(file, contentOf(file));
    const { imports, looks } = read.get(file);
    if (looks) return true;
    for (const other of imports) reached.add(other);
  }
  return false;
}

function contentOf(file) {
  const text = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
  const paths = [...text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*"(\.[^"]+\.ts)"/g)];
  return {
    imports: paths.map(([, path]) => join(dirname(file), path).split(sep).join("/")),
    looks: /\.test\.ts$|\/testing\//.test(file) && looking.test(text),
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
