// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the shell's
import { afterAll, describe, expect } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random, seeds } from "../../../test/fuzz.ts";
import { testWith } from "../../../test/needs.ts";
import { allows } from "../command/testing/allows.ts";
import { generated, soup, stubs } from "../command/testing/commands.ts";
import { RemoteShell } from "./remote-shell.ts";
import { lineOf } from "./statement.ts";
import { LocalHost } from "./testing/local-host.ts";

// The host's /bin/sh is one of these; what a line left in it must not change what the next one runs.
const folder = mkdtempSync(join(tmpdir(), "postern-remote-shell-"));
const programs = join(folder, "bin");
mkdirSync(programs);
for (const name of [...stubs, "id"]) {
  const stub = join(programs, name);
  writeFileSync(stub, `#!/bin/dash\nprintf '%s\\n' "\${0##*/}" >> "$HOME/.ran"\necho evil p2\n`);
  chmodSync(stub, 0o755);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let homes = 0;
async function begin(program: string) {
  const home = join(folder, `home${++homes}`);
  mkdirSync(join(home, "bin"), { recursive: true });
  const sh = join(home, "bin/sh");
  symlinkSync(program, sh);
  const local = new LocalHost(sh, { PATH: programs, HOME: home, USER: "ops", LOGNAME: "ops" }, home);
  let shell = await RemoteShell.open(local.host, {});
  const log = join(home, ".ran");
  return {
    home,
    signal: (name: string) => shell.signal(name),
    /** undefined: the shell has ended, and a new one has begun. */
    async run(line: string, printed: (output: string) => void = () => {}) {
      let output = "";
      const ran = await shell.run(line, (bytes) => {
        output += Buffer.from(bytes).toString();
        printed(output);
        return undefined;
      });
      if (!ran) shell = await RemoteShell.open(local.host, {});
      return ran && { ...ran, output };
    },
    /** The programs that ran since this was asked last. */
    ran(): string[] {
      const names = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
      rmSync(log, { force: true });
      return names;
    },
    end() {
      shell.close();
      local.end();
    },
  };
}

const rights = [
  ..."cd pwd echo printf : true false set test exit read unset export umask".split(" "),
  "p1",
  "p2",
  "p3",
];
const isAllowed = (line: string) =>
  allows([...rights, "nice", "env", "xargs", "time"], lineOf(line, undefined, true).statement.actions);
const may = (line: string) =>
  lineOf(line, undefined, true).statement.actions.every(({ effect }) => effect !== "unknown");

for (const name of ["bash", "dash", "busybox"]) {
  const program = Bun.which(name);
  const withShell = testWith(program ? undefined : `no ${name} (apt install ${name})`);
  describe(`where /bin/sh is ${name}`, () => {
    withShell(
      "nothing that one line leaves behind makes another run what it does not say",
      async () => {
        const shell = await begin(program ?? "");
        let ran = 0;
        for (const seed of seeds(150)) {
          const random = new Random(seed);
          for (const line of [generated(random), soup(random), random.of(leaving), soup(random)]) {
            if (!may(line)) continue;
            const said = lineOf(line, undefined, true).statement.actions.flatMap(({ effect, on }) =>
              effect === "execute" ? [on.split(" ", 1).join("")] : [],
            );
            await shell.run(line);
            const names = shell.ran();
            ran += names.length;
            expect({ seed, line, more: names.filter((one) => !said.includes(one)) }).toEqual({
              seed,
              line,
              more: [],
            });
          }
        }
        shell.end();
        expect(ran).toBeGreaterThan(50);
      },
      120_000,
    );

    withShell(
      "a line that would change what others mean is refused, and what is allowed does not",
      async () => {
        const shell = await begin(program ?? "");
        expect(hostile.filter(isAllowed)).toEqual([]);
        for (const line of leaving) {
          expect([line, isAllowed(line)]).toEqual([line, true]);
          await shell.run(line);
          shell.ran();
          const next = await shell.run("p1");
          expect([line, next?.status, shell.ran()]).toEqual([line, 0, ["p1"]]);
        }
        shell.end();
      },
      60_000,
    );

    withShell(
      "a directory's name is a name, whatever it holds",
      async () => {
        const shell = await begin(program ?? "");
        for (const odd of ["$(id)", "`id`", "'; id; '", "\u001b]0;id\u0007", "a\nid\n", "-P", "%s%s", "*"]) {
          mkdirSync(join(shell.home, odd));
          const moved = await shell.run(`cd -- '${odd.replaceAll("'", "'\\''")}'`);
          expect([odd, moved?.status]).toEqual([odd, 0]);
          const at = await shell.run("p1");
          expect(at?.directory).toBe(join(shell.home, odd));
          await shell.run("cd ..");
        }
        expect(new Set(shell.ran())).toEqual(new Set(["p1"]));
        shell.end();
      },
      60_000,
    );

    withShell(
      "^C ends the line, all of it, and what it left stays",
      async () => {
        const shell = await begin(program ?? "");
        await shell.run("x=kept");
        const begun = Promise.withResolvers<void>();
        const waits = shell.run("p1; while true; do :; done; p2", () => begun.resolve());
        await begun.promise;
        shell.signal("INT");
        expect((await waits)?.status).not.toBe(0);
        expect(shell.ran()).toEqual(["p1"]);
        expect((await shell.run('echo "$x"'))?.output).toBe("kept\n");
        shell.end();
      },
      60_000,
    );

    withShell(
      "a here-document, a continued line and several lines at once run as they were judged",
      async () => {
        const shell = await begin(program ?? "");
        expect((await shell.run('read x <<E\n$(p1)\nE\necho "$x"'))?.output).toBe("evil p2\n");
        expect((await shell.run("read x <<'E'\n$(p1)\nE\necho \"$x\""))?.output).toBe("$(p1)\n");
        expect((await shell.run("echo a\\\nb"))?.output).toBe("ab\n");
        expect((await shell.run("echo one\necho two # three\n# four\necho five"))?.output).toBe(
          "one\ntwo\nfive\n",
        );
        expect(shell.ran()).toEqual(["p1"]);
        expect((await shell.run("echo 'a"))?.status).not.toBe(0);
        expect((await shell.run("echo on"))?.output).toBe("on\n");
        shell.end();
      },
      60_000,
    );
  });
}

/** What the rules of this test allow, and leaves something behind. */
const leaving = [
  "x=id; y=p2",
  "x='$(id)'; z='; id'",
  "set -x",
  "set -e; false",
  "set -u; echo $nobody",
  "cd /",
  "cd /nowhere",
  "read x",
  "unset x",
  "export LC_ALL=C TERM=dumb",
  "umask 77",
  "exit 3",
  "(exit 4)",
  "echo 'alias p1=id'",
  "printf '\\0t %s %s\\0' 0 /forged",
  "printf '\\000'",
  "for p1 in id; do :; done",
  "p1=id",
  'echo "${x}"',
] as const satisfies readonly [string, ...string[]];

/** What nobody but an `unknown` may do. */
const hostile = [
  "alias p1=id",
  "alias p1='id'; p1",
  "p1() { id; }",
  "function p1 { id; }",
  "command_not_found_handle() { id; }",
  "command_not_found_handler() { id; }",
  "PS4='$(id)'; set -x",
  "PS4='$(id)'",
  "PS1='$(id)'",
  "PROMPT_COMMAND=id",
  "trap id DEBUG",
  "trap id INT",
  "trap - INT",
  "exec id",
  "exec 2>&1",
  "exec > /dev/null",
  "command exec 2>&1",
  "exec < /dev/null",
  "source ./x",
  ". ./x",
  "eval id",
  "$x",
  "x=id; $x",
  '"$x"',
  "i?",
  "./i*",
  "~/x",
  "!!",
  "!id",
  "^a^b",
  "hash -p ./id p1",
  "hash -r",
  "enable -f ./x p1",
  "enable -n echo",
  "builtin eval id",
  "command -p p1",
  "command id",
  "coproc p1",
  "PATH=.",
  "PATH=.; p1",
  "PATH=. p1",
  "export PATH=.",
  "export PATH",
  "read PATH",
  "unset PATH",
  "for PATH in .; do :; done",
  "ENV=./x",
  "BASH_ENV=./x",
  "IFS=1",
  "CDPATH=.",
  "HOME=.",
  "__postern_line=id",
  "__postern_status=1",
  "read __postern_line",
  "unset __postern_line",
  "unset -f __postern_run",
  "for __postern_line in id; do :; done",
  "__postern_run",
  "return",
  "readonly x=1",
  "local x=1",
  "shopt -s expand_aliases",
  "set -a",
  "set -m",
  "set -v",
  "set -o vi",
  "set -- id",
  "p1 &",
  "{ p1; } &",
  "( p1 & )",
  "echo $(p1 &)",
  "if true; then p1 & fi",
  "sh -c 'p1 &'",
  "setsid -f p1",
  "sudo -b p1",
  "p1 <&9",
  "p1 <&10",
  "p1 > x",
  "suspend",
  "fg",
  "fc",
];
