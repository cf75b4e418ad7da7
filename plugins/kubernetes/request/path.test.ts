import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { isRefused, requestInfo } from "./index.ts";

const pieces = fc.constantFrom(
  ...[
    "/",
    "//",
    "/api/v1",
    "/apis/apps/v1",
    "/namespaces/prod",
    "/namespaces",
    "/secrets",
    "/pods/web",
    "/exec",
    "/proxy",
  ],
  ...[
    "/watch",
    ".",
    "..",
    "%2e",
    "%2F",
    "%252f",
    "%5C",
    ";",
    "%3b",
    "%00",
    "%ff",
    "%C3%A9",
    "a",
    "%41",
    "*",
    ":",
    " ",
    "+",
  ],
  ...[
    "?",
    "&",
    "watch=1",
    "watch=false",
    "w%61tch=1",
    "fieldSelector=metadata.name%3Da",
    "dryRun=All",
    "=",
    "%",
    "#",
  ],
);

/** The server's own reading: escapes decoded once, then parted at slashes. */
function asServer(target: string): string[] {
  const path = target.split("?", 1)[0] ?? "";
  return decodeURIComponent(path)
    .replace(/^\/+|\/+$/g, "")
    .split("/")
    .filter(Boolean);
}

test("whatever is not refused reads the same at the server, and again when it is sent on", () => {
  let passed = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "POST", "DELETE"),
      fc.array(pieces, { maxLength: 9 }),
      (method, parts) => {
        const target = `/api/v1${parts.join("")}`;
        const info = requestInfo(method, target);
        if (isRefused(info)) return;
        passed++;
        expect(asServer(target)).toEqual([...info.segments]);
        expect(asServer(info.target)).toEqual([...info.segments]);
        expect(requestInfo(method, info.target)).toEqual(info);
        expect(info.target.split("?", 1)[0]).not.toMatch(/%2f|%5c|%25|\/\/|\/\.\.?(\/|$)/i);
        expect(info.target).not.toMatch(/[;\\#]/);
      },
    ),
    sampled(3_000),
  );
  expect(passed).toBeGreaterThan(100);
});

test("a target that is too long is refused before it is read", () => {
  expect(requestInfo("GET", `/api/v1/pods?labelSelector=${"a".repeat(20_000)}`)).toEqual({
    refused: "its target is too long",
  });
});
