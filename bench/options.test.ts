import { expect, test } from "bun:test";
import { readOptions, usage } from "./options.ts";

test("every command of the usage is known, with what stands behind it", () => {
  for (const [, command = ""] of usage.matchAll(/^npm run bench -- (\w+)/gm)) {
    expect(readOptions([command]).command).toBe(command as "goals");
  }
  expect(readOptions(["goals", "ssh", "--short", "--json", "file"])).toMatchObject({
    ...{ command: "goals", word: "ssh", extent: "short", json: "file", writeBaseline: false },
  });
  expect(readOptions(["goals", "--smoke"]).extent).toBe("smoke");
  expect(readOptions(["guard", "--write-baseline"])).toMatchObject({ writeBaseline: true, word: undefined });
  expect(readOptions(["classify", "folder"]).word).toBe("folder");
});

test("what is not known is an error with the usage, for each command", () => {
  for (const args of [
    [],
    ["nothing"],
    ["constructor"],
    ["goals", "mysql"],
    ["goals", "ssh", "http"],
    ["goals", "--shrot"],
    ["goals", "--json"],
    ["goals", "--write-baseline"],
    ["postgres", "--guard"],
    ["postgres", "--smoke"],
    ["http", "--svg", "file"],
    ["ssh", "--inside"],
    ["growth", "--json", "file"],
    ["growth", "statement"],
    ["endings", "--short"],
    ["classify", "folder", "--short"],
  ]) {
    expect(() => readOptions(args), args.join(" ")).toThrow(usage);
  }
});
