import { expect, test } from "bun:test";
import { canonicalPath } from "./path.ts";

test.each([
  ["/a/b?c=/../", "/a/b"],
  ["/a%20b/%C3%A9", "/a b/é"],
  ["/a/e%CC%81", "/a/e\u0301"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a/...b", "/a/...b"],
  ["/v1.2/file.tar.gz", "/v1.2/file.tar.gz"],
  ["/a%3Bb", "/a;b"],
  ["/%EF%BC%A1", "/\uff21"],
  ["/a%E2%80%A6.pdf", "/a\u2026.pdf"],
])("%s names one thing", (target, path) => expect(canonicalPath(target)?.path).toBe(path));

test.each([
  ...[
    "",
    "*",
    "//a",
    "/a//b",
    "/a/./b",
    "/a/../b",
    "/a/..",
    "/a/%2e%2e/b",
    "/a/%2E./b",
    "/a/..;x/b",
    "/a/.;/b",
  ],
  ...[
    "/a%2fb",
    "/a%5cb",
    "/a\\b",
    "/a%00",
    "/a%252fb",
    "/a/%252e%252e/b",
    "/a%0ab",
    "/a%ff",
    "/a%c0%ae",
    "/a%",
  ],
  // Windows leaves dots and blanks at the end of a name out.
  ...["/a/..%20/b", "/a/.%20./b", "/a/.../b", "/a/%20../b", "/a/..%20"],
  // Full-width solidus and full stops, two dots in one character, "a/c" in one.
  ...["/a/%EF%BC%8E%EF%BC%8E/b", "/a%EF%BC%8F..", "/a/%E2%80%A5/b", "/%E2%84%80", "/a%EF%BC%85"],
])("%s might name another", (target) => expect(canonicalPath(target)).toBeUndefined());
