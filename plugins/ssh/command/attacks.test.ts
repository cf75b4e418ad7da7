import { expect, test } from "bun:test";
import { allowed, attacks } from "../../../test/fixtures/ssh-commands/attacks.ts";
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

test("the corpus is as large as it says, and no case stands there twice", () => {
  const all = [attacks, wrapperAttacks].flatMap((corpus) => Object.values(corpus).flat());
  expect(all.length).toBeGreaterThan(500);
  for (const corpus of [attacks, wrapperAttacks]) {
    const cases = Object.values(corpus).flat();
    expect(new Set(cases).size).toBe(cases.length);
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
