import { expect, test } from "bun:test";
import { allowed, attacks } from "../../../test/fixtures/ssh-commands/attacks.ts";
import { programAttacks, programOf, variableAttacks } from "../../../test/fixtures/ssh-commands/programs.ts";
import { named, wrapperAttacks } from "../../../test/fixtures/ssh-commands/wrappers.ts";
import { classifyCommand } from "./index.ts";
import { allows } from "./testing/allows.ts";

for (const [about, commands] of Object.entries(attacks)) {
  for (const command of commands) {
    test(`${about}: ${JSON.stringify(command)} is not allowed`, () => {
      expect(allows(allowed, classifyCommand(command))).toBe(false);
    });
  }
}

for (const [about, commands] of Object.entries(wrapperAttacks)) {
  for (const command of commands) {
    test(`${about}: naming every program of the corpus does not allow ${JSON.stringify(command)}`, () => {
      expect(allows([...allowed, ...named], classifyCommand(command))).toBe(false);
    });
  }
}

for (const [about, commands] of Object.entries(programAttacks)) {
  test(`${about}: naming each program allows none of ${commands.length} commands`, () => {
    const passed = commands.filter((command) => allows([programOf(command)], classifyCommand(command)));
    expect(passed).toEqual([]);
  });
}

test("no variable is set before a program that a rule names, or for those that follow", () => {
  const passed = variableAttacks.filter((command) => allows(["df", "(none)"], classifyCommand(command)));
  expect(passed).toEqual([]);
});

test("the corpus is as large as it says, and no case stands there twice", () => {
  const corpora = [attacks, wrapperAttacks, programAttacks, { variables: variableAttacks }];
  expect(corpora.flatMap((corpus) => Object.values(corpus).flat()).length).toBeGreaterThan(2_000);
  for (const corpus of corpora) {
    const cases = Object.values(corpus).flat();
    expect(cases.filter((one, index) => cases.indexOf(one) !== index)).toEqual([]);
  }
});

test.each([
  "uptime",
  " uptime ",
  "uptime; df -h",
  "uptime && df || df /",
  "df | df -h",
  "(uptime)",
  "{ uptime; }",
  "uptime &",
  'df "$HOME"',
  "df $(uptime)",
  "'uptime'",
  'up"time"',
  "cat /var/log/app/a.log",
  "cat /var/log/app/*",
  "cat /var/log/app/[a-c]*.log",
  "df -h 2>&1",
  "uptime > /dev/null",
  "if uptime; then df; fi",
  "for i in /a /b; do df $i; done",
  'x=/a; df "$x"',
  "LANG=C df",
  "df # how much\n",
  "uptime <<E\nhello $x\nE",
  "case a in a) df;; *) uptime;; esac",
  "df $(df | uptime)",
])("%s is allowed", (command) => {
  expect(allows(allowed, classifyCommand(command))).toBe(true);
});
