import { expect, test } from "bun:test";
import { openFlags } from "./message.ts";
import { openFile } from "./opening.ts";

const { read, write, append, create, truncate, exclusive } = openFlags;
const effects = (flags: number) =>
  openFile(flags)
    .actions("/f")
    .map(({ effect }) => effect);

test("flags ask for what Linux makes of them", () => {
  expect(effects(read)).toEqual(["read"]);
  // O_RDONLY is no flag at all.
  expect(effects(0)).toEqual(["read"]);
  expect(effects(write)).toEqual(["write"]);
  expect(effects(read | write)).toEqual(["read", "write"]);
  // Both are done for whoever only reads, too.
  expect(effects(read | truncate)).toEqual(["read", "write"]);
  expect(effects(create)).toEqual(["read", "write"]);
  expect(effects(append)).toEqual(["read", "write"]);
  expect(effects(write | create | truncate)).toEqual(["write"]);
});

test("a flag that is not known is unknown", () => {
  expect(effects(read | 64)).toEqual(["unknown", "read"]);
  expect(openFile((write | 0x80000000) >>> 0).text).toBe(" flags=write,2147483650");
});

test("only what must not be there yet is not looked for behind a link", () => {
  expect(openFile(write | create | exclusive).exclusive).toBe(true);
  expect(openFile(write | exclusive).exclusive).toBe(false);
});
