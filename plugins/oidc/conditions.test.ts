import { expect, test } from "bun:test";
import { NotAccepted, type PosternError } from "../../core/plugin.ts";
import { type ClaimConditions, claimCheck } from "./conditions.ts";

const holds = (wanted: ClaimConditions | readonly ClaimConditions[], claims: Record<string, unknown>) => {
  try {
    claimCheck(wanted)(claims);
    return true;
  } catch (error) {
    if (!(error instanceof NotAccepted)) throw error;
    return false;
  }
};

test("a string, a number, a boolean is equal", () => {
  expect(holds({ repository: "acme/app" }, { repository: "acme/app" })).toBe(true);
  for (const repository of ["acme/app2", "ACME/app", "", undefined, null, {}, ["acme/other"]]) {
    expect(holds({ repository: "acme/app" }, { repository })).toBe(false);
  }
  expect(holds({ level: 3, protected: true }, { level: 3, protected: true })).toBe(true);
  expect(holds({ level: 3 }, { level: "3" })).toBe(false);
  expect(holds({ protected: true }, { protected: "true" })).toBe(false);
});

test("a RegExp matches the whole claim, whatever its flags", () => {
  for (const ref of [/refs\/heads\/main/, /refs\/heads\/main/gm, /refs\/heads\/main|never/y]) {
    expect(holds({ ref }, { ref: "refs/heads/main" })).toBe(true);
    expect(holds({ ref }, { ref: "refs/heads/main" })).toBe(true);
    for (const other of [
      "refs/heads/main2",
      "x/refs/heads/main",
      "refs/heads/main\nx",
      "x\nrefs/heads/main",
    ]) {
      expect(holds({ ref }, { ref: other })).toBe(false);
    }
  }
  expect(holds({ ref: /\d+/ }, { ref: 7 })).toBe(false);
});

test("of a list, any; of a claim that is a list, any of its values", () => {
  const ref = ["refs/heads/main", /refs\/tags\/v\d+/];
  expect(holds({ ref }, { ref: "refs/tags/v12" })).toBe(true);
  expect(holds({ ref }, { ref: "refs/heads/dev" })).toBe(false);
  expect(holds({ teams: "ops" }, { teams: ["dev", "ops"] })).toBe(true);
});

test("nested claims, and alternatives of whole conditions", () => {
  const kubernetes = { "kubernetes.io": { namespace: "ci", serviceaccount: { name: "deploy" } } };
  expect(
    holds(kubernetes, { "kubernetes.io": { namespace: "ci", serviceaccount: { name: "deploy" } } }),
  ).toBe(true);
  expect(holds(kubernetes, { "kubernetes.io": { namespace: "ci", serviceaccount: { name: "other" } } })).toBe(
    false,
  );
  expect(holds(kubernetes, { "kubernetes.io": "ci" })).toBe(false);
  const either = [{ a: "1", b: "1" }, { a: "2" }];
  expect(holds(either, { a: "2" })).toBe(true);
  expect(holds(either, { a: "1", b: "2" })).toBe(false);
});

test("all claims of the condition count, and inherited names are none", () => {
  expect(holds({ a: "1", b: "2" }, { a: "1" })).toBe(false);
  expect(holds({ constructor: /.*/ }, {})).toBe(false);
  expect(holds({ toString: /.*/ }, {})).toBe(false);
});

test("the refusal names the claim, not its value", () => {
  expect(() => claimCheck({ ref: "main" })({ ref: "hidden-value" })).toThrow(/the claim ref is not/);
  expect(() => claimCheck({ ref: "main" })({ ref: "hidden-value" })).not.toThrow(/hidden-value/);
});

test("conditions that mean nothing do not load", () => {
  const code = (wanted: unknown) => {
    try {
      claimCheck(wanted as ClaimConditions);
      return "none";
    } catch (error) {
      return (error as PosternError).code;
    }
  };
  for (const wanted of [
    {},
    [],
    [{}],
    { a: [] },
    { a: {} },
    { a: null },
    { a: undefined },
    { a: () => true },
    "a",
    null,
  ]) {
    expect(code(wanted)).toBe("oidc.claims");
  }
});
