import { expect, test } from "bun:test";
import { classifyCommand } from "../command/index.ts";
import { lineOf } from "./statement.ts";

const isUnknown = (text: string) =>
  lineOf(text, undefined, true).statement.actions.some(({ effect }) => effect === "unknown");

test("a program alone on its line has the terminal for itself", () => {
  expect(lineOf("less /var/log/app", undefined, true).screen).toBe(true);
  expect(isUnknown("less /var/log/app")).toBe(false);
});

test("a line pasted behind it is judged in full", () => {
  const pasted = "less /var/log/app\ntar --to-command=id xf a.tar";
  expect(lineOf(pasted, undefined, true).screen).toBe(false);
  expect(isUnknown(pasted)).toBe(true);
});

test("what a line leaves running is unknown, since it prints under the rules of those behind it", () => {
  for (const line of ["cat /x &", "(cat /x &)", "sleep 9 & pwd", "echo $(cat /x &)", "sh -c 'cat /x &'"]) {
    expect([line, isUnknown(line)]).toEqual([line, true]);
  }
  for (const line of ["setsid -f cat /x", "setsid --fork cat /x", "sudo -b cat /x", "sudo -nb cat /x"]) {
    expect([line, isUnknown(line)]).toEqual([line, true]);
  }
  expect(classifyCommand("cat /x &")).toEqual([{ effect: "execute", on: "cat /x", within: "cat" }]);
  for (const line of ["a && b", "setsid cat /x", "sudo -n cat /x", "echo 'a & b'", "a 2>&1"]) {
    expect([line, isUnknown(line)]).toEqual([line, false]);
  }
});

test("the shell's own output and input stay where they are", () => {
  for (const line of ["exec 2>&1", "exec > /dev/null", "command exec < /dev/null"]) {
    expect([line, isUnknown(line)]).toEqual([line, true]);
  }
  expect(isUnknown("exec ls")).toBe(false);
});
