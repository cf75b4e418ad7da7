import { expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const launcher = join(import.meta.dir, "postern.mjs");

/** A copy of the launcher in a package of its own, whose command line is `main`. */
function installed(main: string): string {
  const root = mkdtempSync(join(tmpdir(), "postern-launcher-"));
  const postern = join(root, "node_modules", "postern");
  const [cli, plugins] = [join(postern, "core", "cli"), join(postern, "plugins")];
  for (const folder of [cli, plugins]) mkdirSync(folder, { recursive: true });
  cpSync(launcher, join(cli, "postern.mjs"));
  writeFileSync(join(plugins, "main.ts"), main);
  for (const name of ["@oven", "bun"]) {
    symlinkSync(join(import.meta.dir, "../../node_modules", name), join(root, "node_modules", name));
  }
  mkdirSync(join(root, "node_modules", ".bin"));
  symlinkSync(join(cli, "postern.mjs"), join(root, "node_modules", ".bin", "postern"));
  return join(root, "node_modules", ".bin", "postern");
}

const start = (script: string, ...args: string[]) =>
  Bun.spawn(["node", script, ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });

test("runs the command line on the Bun beside it, from Node", async () => {
  const child = start(launcher, "--version");
  expect(await new Response(child.stdout).text()).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await child.exited).toBe(0);
});

test("passes arguments and the exit code, as a dependency through a link in .bin too", async () => {
  const child = start(installed("console.log(process.argv.slice(2).join()); process.exit(7);"), "a", "b c");
  expect(await new Response(child.stdout).text()).toBe("a,b c\n");
  expect(await child.exited).toBe(7);
});

test("passes signals on, and what became of them", async () => {
  const polite = `
    for (const name of ["SIGUSR2", "SIGTERM"]) process.on(name, () => { console.log(name); if (name === "SIGTERM") process.exit(3); });
    setInterval(() => {}, 1000);
    console.log("up");
  `;
  const child = start(installed(polite));
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  expect((await lines.read()).value).toBe("up\n");
  // Not SIGINT and SIGHUP: whoever runs the tests in the background may have them ignored, here too.
  for (const signal of ["SIGUSR2", "SIGTERM"] as const) {
    child.kill(signal);
    expect((await lines.read()).value).toBe(`${signal}\n`);
  }
  expect(await child.exited).toBe(3);
});

test("a command that a signal kills ends as shells tell it", async () => {
  const child = start(installed(`process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);`));
  expect(await child.exited).toBe(137);
});
