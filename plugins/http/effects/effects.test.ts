import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PosternError } from "../../../core/plugin.ts";
import type { Asked, Reading } from "../dialect.ts";
import { type EffectOptions, Effects } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-effects-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asked(method: string, target: string, more: Partial<Asked> = {}): Asked {
  const [path = "", query] = decodeURIComponent(target).split(/(?=\?)/, 2);
  return {
    head: { method, target, authority: "a", version: "1.1", fields: [] },
    target,
    path,
    query: query ?? "",
    upgrade: undefined,
    hasBody: false,
    config: {},
    ...more,
  };
}

const readingOf = (effects: Effects, ...about: Parameters<typeof asked>): Reading => {
  const reading = effects.read(asked(...about));
  if ("reason" in reading) throw new Error(reading.reason.message);
  return reading;
};

/** `read /api/users`, each action a line. */
const said = (effects: Effects, ...about: Parameters<typeof asked>): string =>
  readingOf(effects, ...about)
    .statement.actions.map(({ effect, on, within }) => [effect, on, ...(within ? [within] : [])].join(" "))
    .join("; ");

function refusedBy(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof PosternError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "nothing";
}

describe("by method", () => {
  const effects = new Effects({}, "");
  test.each([
    ["GET", "read"],
    ["QUERY", "read"],
    ["POST", "write"],
    ["DELETE", "delete"],
    ["PROPFIND", "read"],
    ["MKCOL", "write"],
    ["ACL", "grant"],
    // What they change is named by `Destination`, which nobody has decided.
    ["COPY", "unknown"],
    ["MOVE", "unknown"],
    ["FROBNICATE", "unknown"],
    ["constructor", "unknown"],
  ])("%s is %s", (method, effect) => {
    expect(said(effects, method, "/a")).toBe(`${effect} /a`);
  });

  test.each([
    "/a?_method=DELETE",
    "/a?x=1&_METHOD=delete",
    "/a?%5fmethod=DELETE",
    "/a?$httpMethod=DELETE",
    "/a?X-HTTP-Method-Override=PUT",
  ])("a query that may change the method is unknown: %s", (target) => {
    expect(effects.classify(`GET ${target}`)).toMatchObject([{ effect: "unknown", on: "/a" }]);
  });

  test("TRACE is refused", () => {
    expect(effects.read(asked("TRACE", "/"))).toMatchObject({ status: 405, reason: { code: "http.method" } });
  });

  test("what turns into another protocol connects", () => {
    expect(said(effects, "GET", "/ws", { upgrade: "websocket" })).toBe("connect /ws");
    expect(said(effects, "GET", "/ws")).toBe("read /ws");
  });

  test("the same request is the same statement, and no other one is", () => {
    const statement = () => readingOf(effects, "GET", "/a?b").statement;
    expect(statement()).toBe(statement());
    const encoded = readingOf(effects, "GET", "/x", { path: "/a?b", query: "" }).statement;
    expect(encoded).not.toBe(statement());
    expect([encoded.text, encoded.actions[0]?.on]).toEqual(["GET /a%3Fb", "/a?b"]);
  });
});

describe("by routes", () => {
  const effects = new Effects(
    {
      routes: [
        { method: "POST", path: "/api/search", effect: "read", as: "search" },
        { method: "GET", path: "/api/export", effect: "execute" },
        { method: "*", path: "/admin/*", effect: "grant" },
        { method: "GET", path: "/files/:name/raw", effect: "execute" },
        { method: "GET", path: "/live", effect: "read" },
      ],
    },
    "",
  );
  test.each([
    ["POST", "/api/search", "read /api/search search"],
    ["PUT", "/api/search", "write /api/search"],
    ["POST", "/api/search/7", "write /api/search/7"],
    ["GET", "/api/export", "execute /api/export"],
    ["HEAD", "/api/export", "execute /api/export"],
    ["PATCH", "/admin/users/7", "grant /admin/users/7"],
    ["GET", "/files/a%20b/raw", "execute /files/a b/raw"],
  ])("%s %s: %s", (method, target, expected) => {
    expect(said(effects, method, target)).toBe(expected);
  });

  test.each([
    "/API/export",
    "/api/export/",
    "/api/export;v=1",
    "/api;x/export",
    "/Admin/users",
    "/files/a/RAW",
  ])("%s, which some servers take for a route, is unknown", (target) => {
    expect(said(effects, "GET", target)).toBe(`unknown ${target}`);
  });

  test("a route may say what a WebSocket does", () => {
    expect(said(effects, "GET", "/live", { upgrade: "websocket" })).toBe("read /live");
  });

  test.each([
    [{ routes: [{ method: "post", path: "/", effect: "read" }] }, '"post" is no method'],
    [{ routes: [{ method: "GET", path: "a", effect: "read" }] }, "does not begin with a slash"],
    [{ routes: [{ method: "GET", path: "/{", effect: "read" }] }, "is no path of URLPattern"],
    [{ routes: [{ method: "GET", path: "/", effect: "look" }] }, '"look" is no effect'],
  ])("a route that cannot be is refused: %#", (options, why) => {
    expect(refusedBy(() => new Effects(options as EffectOptions, ""))).toContain(why);
  });
});

describe("by an OpenAPI document", () => {
  const yaml = `
openapi: 3.1.0
servers: [{ url: "https://api.example.com/v1" }, { url: "/{stage}/v1", variables: { stage: { default: dev, enum: [dev, qa] } } }]
paths:
  /users/{id}:
    get: { operationId: getUser }
    delete: { operationId: deleteUser }
  /users/me:
    get: { operationId: getMe, x-postern-effect: execute }
  /reports/{id}.{format}:
    post: { operationId: makeReport, x-postern-effect: read }
  /old:
    $ref: "#/components/pathItems/old"
components:
  pathItems:
    old: { get: { operationId: old } }
`;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const openapi = file("a.yaml", yaml);

  test.each([
    ["GET", "/v1/users/7", "read /v1/users/7 getUser"],
    ["HEAD", "/v1/users/7", "read /v1/users/7 getUser"],
    ["DELETE", "/v1/users/7", "delete /v1/users/7 deleteUser"],
    ["GET", "/v1/users/me", "execute /v1/users/me getMe"],
    ["GET", "/v1/users/ME", "unknown /v1/users/ME"],
    ["GET", "/v1/users/me/", "unknown /v1/users/me/"],
    ["POST", "/v1/reports/7.pdf", "read /v1/reports/7.pdf makeReport"],
    ["GET", "/qa/v1/old", "read /qa/v1/old old"],
    ["GET", "/users/7", "read /users/7"],
    ["GET", "/v1/users/7/keys", "read /v1/users/7/keys"],
  ])("%s %s: %s", (method, target, expected) => {
    expect(said(new Effects({ openapi }, ""), method, target)).toBe(expected);
  });

  test("what it does not list is unknown where it is all there is", () => {
    const effects = new Effects({ openapi: { file: openapi, only: true } }, "/v1");
    expect(said(effects, "GET", "/users/7")).toBe("read /users/7 getUser");
    expect(said(effects, "GET", "/users")).toBe("unknown /users");
    expect(said(effects, "PUT", "/users/7")).toBe("unknown /users/7");
  });

  test("a route counts before it", () => {
    const routes = [{ method: "GET", path: "/v1/users/:id", effect: "execute" as const }];
    expect(said(new Effects({ openapi, routes }, ""), "GET", "/v1/users/7")).toBe("execute /v1/users/7");
  });

  test("JSON is read as well", () => {
    const json = file(
      "a.json",
      JSON.stringify({ openapi: "3.0.3", paths: { "/a": { post: { operationId: "a" } } } }),
    );
    expect(said(new Effects({ openapi: json }, ""), "POST", "/a")).toBe("write /a a");
  });

  test.each([
    ["swagger: '2.0'", "none of OpenAPI 3.0 or 3.1"],
    ["openapi: 3.1.0\nopenapi: 3.1.0", "neither JSON nor YAML"],
    ["openapi: 3.1.0\npaths: { /a: { $ref: 'b.yaml' } }", "is not in the document itself"],
    ["openapi: 3.1.0\npaths: { '/{a}{b}': { get: {} } }", "tell the parameters"],
    ["openapi: 3.1.0\npaths: { /a: { get: { x-postern-effect: look } } }", '"look" is no effect'],
    [
      "openapi: 3.1.0\npaths: { /a: { get: { operationId: x }, put: { operationId: x } } }",
      "the operationId x is there twice",
    ],
  ])("a document that cannot be used is refused: %#", (text, why) => {
    const bad = file("bad.yaml", text);
    expect(refusedBy(() => new Effects({ openapi: bad }, ""))).toContain(why);
  });

  test("one that is not there is refused", () => {
    expect(refusedBy(() => new Effects({ openapi: join(folder, "none") }, ""))).toContain("ENOENT");
  });
});
