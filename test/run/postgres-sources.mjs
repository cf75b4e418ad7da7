// PostgreSQL's own tests: the source of the PostgreSQL 15 that is installed, from Debian, unpacked beside the tests.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onPath } from "./machine.mjs";
import { ran } from "./process.mjs";

const cache = join(dirname(fileURLToPath(import.meta.url)), "../.cache");
const kept = join(cache, "postgresql-15");

/** What the suites use of the source. The rest is not unpacked. */
const parts = [
  "src/test/regress",
  "src/test/isolation",
  "src/test/examples",
  "src/test/modules/libpq_pipeline",
  "src/interfaces/libpq/test",
  "src/interfaces/libpq/t",
];

/** Into test/.cache/postgresql-15: `source` (the parts above), `development` (headers, static libraries), `version`. */
export async function installPostgresSources(say) {
  if (!onPath("apt-get") || !onPath("dpkg-query")) return;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format.
  const asked = ["-W", "-f", "${source:Version}", "postgresql-15"];
  const version = spawnSync("dpkg-query", asked, { encoding: "utf8" }).stdout;
  const there = join(kept, "version");
  if (version === "" || (existsSync(there) && readFileSync(there, "utf8") === version)) return;
  say("Unpacking PostgreSQL's own tests from Debian …");
  const work = join(cache, "postgresql-15.new");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "lists/partial"), { recursive: true });
  mkdirSync(join(work, "apt"));
  for (const file of packageLists()) writeFileSync(join(work, "apt", basename(file)), sourcesOf(file));
  const { status, output } = await ran("sh", ["-ec", script(version)], { cwd: work });
  if (status === 0) {
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(kept);
    for (const part of ["source", "development", "version"]) renameSync(join(work, part), join(kept, part));
  } else say(`Without them what needs them is skipped:\n${output}`);
  rmSync(work, { recursive: true, force: true });
}

/** The machine's own lists of packages stay as they are: these of source packages are for this once. */
function script(version) {
  const apt = [
    "apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$PWD/apt",
    "-o Dir::State::lists=$PWD/lists -o APT::Sandbox::User=root",
  ].join(" ");
  const wanted = parts.map((part) => `'*/${part}'`).join(" ");
  return `
${apt} update
${apt} source --download-only postgresql-15=${version}
mkdir source development
tar xf postgresql-15_*.orig.tar.* -C source --strip-components=1 --wildcards ${wanted}
apt-get -qq -o APT::Sandbox::User=root download postgresql-server-dev-15=${version} libpq-dev=${version}
for package in *.deb; do dpkg -x $package development; done
printf %s '${version}' > version
`;
}

/** Where this machine has Debian's packages from. */
function packageLists() {
  const folder = "/etc/apt/sources.list.d";
  const more = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...more].filter(
    (file) =>
      /\.(list|sources)$/.test(file) && existsSync(file) && /\/debian/.test(readFileSync(file, "utf8")),
  );
}

/** The same places, of the source packages. */
function sourcesOf(file) {
  return readFileSync(file, "utf8")
    .replace(/^Types:.*$/gm, "Types: deb-src")
    .replace(/^deb /gm, "deb-src ");
}
