import { expect, test } from "bun:test";
import { sendable } from "./sendable.ts";

test("what would reach the host as other bytes than those that were judged is refused", () => {
  // ssh2 reads a command's bytes as UTF-8.
  const read = (...bytes: number[]) => Buffer.from(bytes).toString("utf8");
  expect(() => sendable(read(0x63, 0x61, 0x74, 0x20, 0xe9))).toThrow(/UTF-8/);
  expect(() => sendable("true\0; reboot")).toThrow(/NUL/);
  expect(() => sendable("cat 'é 漢 \n'")).not.toThrow();
});
