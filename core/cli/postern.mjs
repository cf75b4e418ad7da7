#!/usr/bin/env node
// Starts the Bun that came with this package on the real command line, so that Node and npm suffice.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));

/** The platform's own package carries the binary even where install scripts do not run. */
function bun() {
  const require = createRequire(join(here, "postern.mjs"));
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const cpu = process.arch === "arm64" ? "aarch64" : process.arch;
  const file = process.platform === "win32" ? "bun.exe" : "bun";
  for (const libc of musl() ? ["-musl", ""] : ["", "-musl"]) {
    const found = folderOf(require, `@oven/bun-${platform}-${cpu}${libc}`);
    if (found && existsSync(join(found, "bin", file))) return join(found, "bin", file);
  }
  const installed = folderOf(require, "bun");
  if (installed && existsSync(join(installed, "bin", "bun.exe"))) return join(installed, "bin", "bun.exe");
  return undefined;
}

function musl() {
  return process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
}

function folderOf(require, name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

const binary = bun();
if (!binary) {
  console.error(
    `postern: the Bun that postern runs on is not installed for ${process.platform} ${process.arch}.\n` +
      "  It comes as an optional dependency: install again without --omit=optional or --no-optional.",
  );
  process.exit(1);
}

const child = spawn(binary, [join(here, "../../plugins/main.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// A terminal sends Ctrl-C to the child as well; passed on, it would arrive there as a second one.
const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"]) {
  const sentByTerminal = atTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
  process.on(signal, () => sentByTerminal || child.kill(signal));
}
child.on("error", (error) => {
  console.error(`postern: ${binary} does not start: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
