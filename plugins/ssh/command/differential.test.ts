import { afterAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random, seeds } from "../../../test/fuzz.ts";
import { commandLine, told } from "./argument.ts";
import { classifyCommand } from "./index.ts";
import { generated, soup, stubs } from "./testing/commands.ts";

// What the classifier says against what really runs: each command in bash and in dash, with stubs for programs.
const folder = mkdtempSync(join(tmpdir(), "postern-commands-"));
const programs = join(folder, "bin");
mkdirSync(programs);
const stub = `#!/bin/dash
printf '%s\\0' "\${0##*/}" "$@" '\u0001' >> "$RAN"
echo evil p2
`;
for (const name of stubs) {
  writeFileSync(join(programs, name), stub);
  chmodSync(join(programs, name), 0o755);
}
afterAll(() => rmSync(folder, { recursive: true }));

test("what runs in bash and dash is what the classifier said", () => {
  let ran = 0;
  for (const seed of seeds(300)) {
    const random = new Random(seed);
    for (const text of [generated(random), soup(random), soup(random)]) {
      const actions = classifyCommand(text);
      if (actions.some(({ effect }) => effect === "unknown")) continue;
      const said = actions.filter(({ effect }) => effect === "execute").map(({ on }) => on);
      const patterns = said.map(ranAs);
      for (const shell of ["bash", "dash"]) {
        const commands = run(shell, text);
        ran += commands.length;
        // A pattern that matches no name stays as it is written, and is then quoted.
        const lines = commands.map((command) => commandLine(command.map(told)));
        const more = lines.filter(
          (line) => !patterns.some((one) => one.test(line) || one.test(line.replaceAll("'", ""))),
        );
        expect({ seed, shell, text, said, more }).toEqual({ seed, shell, text, said, more: [] });
      }
    }
  }
  expect(ran).toBeGreaterThan(100);
}, 300_000);

/** A word that cannot be told may be any number of words, also none. */
function ranAs(on: string): RegExp {
  const escaped = on.replaceAll(/ ~(?= |$)/g, " /home/of").replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(" *", "( [^]*)?").replaceAll("/*", "/[^]*")}$`);
}

let runs = 0;

/** The commands that ran, each as its words. */
function run(shell: string, text: string): string[][] {
  const home = join(folder, String(++runs));
  mkdirSync(home);
  writeFileSync(join(home, "-delete"), "");
  const log = join(home, ".ran");
  Bun.spawnSync([`/bin/${shell}`, "-c", text], {
    cwd: home,
    env: { PATH: programs, RAN: log, HOME: "/home/of" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 5_000,
    killSignal: "SIGKILL",
  });
  if (!existsSync(log)) return [];
  const commands = readFileSync(log, "utf8").split("\u0001\0");
  rmSync(home, { recursive: true });
  return commands.slice(0, -1).map((command) => command.split("\0").slice(0, -1));
}
