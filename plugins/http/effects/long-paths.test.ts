import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effects } from "./index.ts";

/* Paths that would keep a reader busy for minutes: each of these ends by the runner's own limit if it does. */

const document = (paths: readonly string[]) => ({
  openapi: "3.1.0",
  paths: Object.fromEntries(paths.map((path, index) => [path, { get: { operationId: `op${index}` } }])),
});

function withDocument<T>(paths: readonly string[], use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "postern-openapi-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(document(paths)));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a run of what servers leave out is read once, however many operations there are", () => {
  const paths = Array.from({ length: 200 }, (_, index) => `/things/${index}`);
  const effects = withDocument(paths, (file) => new Effects({ openapi: file }, ""));
  const path = `${"/;".repeat(30_000)}/x`;
  expect(effects.classify(`GET ${path}`)).toEqual([{ effect: "read", on: path }]);
});

test("parameters within one segment are told apart from left to right", () => {
  const effects = withDocument(["/compare/{a}-{b}-{c}"], (file) => new Effects({ openapi: file }, ""));
  expect(effects.classify("GET /compare/1-2-3")).toEqual([
    { effect: "read", on: "/compare/1-2-3", within: "op0" },
  ]);
  for (const path of ["/compare/--", "/compare/1-2-", "/compare/-2-3", "/compare/1-2-3/4", "/compare/1-2"]) {
    expect(effects.classify(`GET ${path}`)).toEqual([{ effect: "read", on: path }]);
  }
  const path = `/compare/${"-".repeat(60_000)}/x`;
  expect(effects.classify(`GET ${path}`)).toEqual([{ effect: "read", on: path }]);
});

test("a path too long to try a route's pattern on may be the route's", () => {
  const effects = new Effects(
    { routes: [{ method: "POST", path: "/a/*/b/*/c/*/d", effect: "delete", as: "purge" }] },
    "",
  );
  expect(effects.classify("POST /a/1/b/2/c/3/d")).toEqual([
    { effect: "delete", on: "/a/1/b/2/c/3/d", within: "purge" },
  ]);
  const path = `/a${"/b/c".repeat(10_000)}x`;
  expect(effects.classify(`POST ${path}`)).toEqual([{ effect: "unknown", on: path }]);
});

test("what may be an operation that rules name is not the path's own", () => {
  const effects = withDocument(["/api/export"], (file) => new Effects({ openapi: file }, ""));
  for (const path of ["/api/Export", "/api/export/", "/api/export;v=1"]) {
    expect(effects.classify(`GET ${path}`)).toEqual([{ effect: "unknown", on: path }]);
  }
});
