import { describe, expect, test } from "bun:test";
import type { Answer, GuardedSession } from "../../core/plugin.ts";
import { mask } from "./index.ts";

const operation = { text: "GET /", actions: [], inTransaction: false, policyVersion: "1" };
const answering = (fields: readonly string[]): Answer => {
  const answer = mask({ answers: "document", fields })
    .open({} as GuardedSession)
    .answer?.(operation);
  if (answer === undefined) throw new Error("no answer");
  return answer;
};
const masked = (value: unknown, ...fields: string[]) =>
  answering(fields).document?.("application/json", value);

describe("fields by path", () => {
  const users = {
    users: [
      { email: "a", id: 1 },
      { email: "b", id: 2 },
    ],
    email: "c",
  };
  test.each([
    [
      "$.users[*].email",
      {
        users: [
          { email: "****", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "c",
      },
    ],
    [
      "$.users[1].email",
      {
        users: [
          { email: "a", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "c",
      },
    ],
    [
      "$.users.*.email",
      {
        users: [
          { email: "****", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "c",
      },
    ],
    [
      "$['users'][*]['email']",
      {
        users: [
          { email: "****", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "c",
      },
    ],
    [
      "$..email",
      {
        users: [
          { email: "****", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "****",
      },
    ],
    [
      "email",
      {
        users: [
          { email: "****", id: 1 },
          { email: "****", id: 2 },
        ],
        email: "****",
      },
    ],
    ["$.email", { users: users.users, email: "****" }],
    ["$.EMAIL", { users: users.users, email: "****" }],
    ["$.users", { users: "****", email: "c" }],
    ["$..[0]", { users: ["****", { email: "b", id: 2 }], email: "c" }],
    [
      "$.users[*].*",
      {
        users: [
          { email: "****", id: "****" },
          { email: "****", id: "****" },
        ],
        email: "c",
      },
    ],
    [
      "$..id",
      {
        users: [
          { email: "a", id: "****" },
          { email: "b", id: "****" },
        ],
        email: "c",
      },
    ],
  ])("%s", (path, expected) => expect(masked(users, path)).toEqual(expected));
  test("a path without $ begins anywhere", () => {
    const value = { items: [{ metadata: { annotations: { a: "1", b: "2" }, name: "n" } }] };
    expect(masked(value, "metadata.annotations.*")).toEqual({
      items: [{ metadata: { annotations: { a: "****", b: "****" }, name: "n" } }],
    });
  });
  test("names with dots, quotes and spaces", () => {
    const value = { data: { "tls.key": "k", "it's": "q", "a b": 1 } };
    expect(masked(value, "$.data['tls.key']", "$.data['it\\'s']", '$.data["a b"]')).toEqual({
      data: { "tls.key": "****", "it's": "****", "a b": "****" },
    });
  });
  test("nothing that is not there; the same object then", () => {
    const value = { a: [{ b: 1 }], users: null };
    expect(masked(value, "$.users[*].email", "$.a.b", "$.a[1]")).toBe(value);
  });
  test("JSON in a string", () => {
    const last = JSON.stringify({ metadata: { annotations: { x: "1" } } });
    expect(masked({ last }, "annotations.*")).toEqual({ last: '{"metadata":{"annotations":{"x":"****"}}}' });
    expect(masked({ last: "[not json" }, "annotations.*")).toEqual({ last: "[not json" });
  });
  test("with a strategy of its own, and together with detectors", () => {
    const guard = mask({
      answers: "document",
      fields: [
        { field: "$.a", as: "null" },
        { field: "$.b", as: "partial" },
      ],
      detect: ["email"],
    });
    const answer = guard.open({} as GuardedSession).answer?.(operation);
    expect(answer?.document?.("", { a: "x", b: "4111111111111111", c: "a@example.com" })).toEqual({
      a: null,
      b: "************1111",
      c: "****",
    });
  });
  test("text that no name is known in is withheld, unless the operator lets it pass", () => {
    const code = (answers: "document" | readonly ["document", "stream"]) => {
      const answer = mask({ answers, fields: ["a"] })
        .open({} as GuardedSession)
        .answer?.(operation);
      try {
        return answer?.stream?.({ direction: "toCaller", channel: "body", bytes: Buffer.from("a b\n") })
          ?.bytes.length;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code("document")).toBe("answer.withheld");
    expect(code(["document", "stream"])).toBe(4);
  });
  test.each([
    "",
    "$",
    "$.",
    "a..",
    "$a",
    "$.a[",
    "$.a[-1]",
    "$.a[?@.b]",
    "$.a[0:2]",
    "a b",
    "$.a['b]",
    ".a",
    "$.a[b]",
    "$.a.[0]",
    "$.a..",
    "$x.y",
  ])("no path: %p", (path) => {
    let code = "";
    try {
      mask({ answers: "document", fields: [path] });
    } catch (error) {
      code = (error as { code: string }).code;
    }
    expect(code).toBe("mask.path");
  });
  test("only in documents", () => {
    expect(() => mask({ fields: ["a"] })).toThrow("There are no fields in answers of rows.");
  });
});
