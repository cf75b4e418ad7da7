import { expect, test } from "bun:test";
import { canonical, pathText, shown, split } from "./path.ts";

test("a canonical path has nothing in it that leads back", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "/home/alice"],
    [".", "/home/alice"],
    ["x", "/home/alice/x"],
    ["../bob//x/", "/home/bob/x"],
    ["/a/./b/../c", "/a/c"],
    ["/../../etc", "/etc"],
    ["/", "/"],
    ["//etc", "/etc"],
    ["/a/...", "/a/..."],
  ];
  for (const [path, expected] of cases) expect(canonical(path, "/home/alice")).toBe(expected);
});

test("folder and name of a path; none where it ends in no name", () => {
  expect(split("/a/b")).toEqual({ folder: "/a", name: "b" });
  expect(split("/a/b//")).toEqual({ folder: "/a", name: "b" });
  expect(split("/b")).toEqual({ folder: "/", name: "b" });
  expect(split("b")).toEqual({ folder: ".", name: "b" });
  for (const path of ["", "/", ".", "..", "/a/..", "/a/./"]) expect(split(path)).toBeUndefined();
});

test("a text stands for one path alone", () => {
  expect(pathText(Buffer.from("/tmp/ünï"))).toBe("/tmp/ünï");
  for (const bytes of [
    [0x2f, 0xff],
    [0x2f, 0xed, 0xa0, 0x80],
    [0x2f, 0x61, 0x00],
    [0x2f, 0xc0, 0xaf],
  ]) {
    expect(pathText(Buffer.from(bytes))).toBeUndefined();
  }
  expect(pathText(Buffer.from("\ufeff/a"))).toBe("\ufeff/a");
});

test("what an approver reads cannot be taken for two paths", () => {
  expect(shown("/var/log/a.log")).toBe("/var/log/a.log");
  expect(shown("/a b")).toBe('"/a b"');
  expect(shown("/a\nremove /b")).toBe('"/a\\nremove /b"');
});
