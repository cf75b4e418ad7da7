import { describe, expect, test } from "bun:test";
import { anyone } from "../core/who.ts";
import {
  approve,
  env,
  limit,
  local,
  mask,
  mtls,
  oidc,
  postgres,
  record,
  saml,
  ssh,
  sshCa,
  webhook,
} from "../plugins/index.ts";

/** What a policy that no type checker has seen may hand to a plugin. */
const untyped = (plugin: unknown) => plugin as (options: object) => unknown;

describe("a misspelled option guards nothing, so the policy does not load", () => {
  test.each([
    ["limit", limit, { row: 3 }, "row"],
    ["mask", mask, { detect: ["email"], colums: ["email"] }, "colums"],
    ["record", record, { statments: "redact" }, "statments"],
    ["approve", approve, { by: anyone, within: "1m", inTransation: "deny" }, "inTransation"],
    ["local", local, { ttlmax: "1h" }, "ttlmax"],
    ["mtls", mtls, { ca: "ca.crt", kind: "person", subjct: "email" }, "subjct"],
    ["oidc", oidc, { issuer: "https://a.example", audience: "postern", audiense: "x" }, "audiense"],
    ["postgres", postgres, { host: "127.0.0.1", databse: "shop" }, "databse"],
    ["saml", saml, { path: "a", entityId: "b", idp: { metadata: "c" }, group: "d" }, "group"],
    ["ssh", ssh, { host: "127.0.0.1", user: "ops", hostkey: "" }, "hostkey"],
    ["sshCa", sshCa, { ca: "ca.pub", kind: "person", group: "group:" }, "group"],
    ["webhook", webhook, { url: "https://a.example", secret: env("A"), event: [] }, "event"],
  ] as const)("%s", (name, plugin, options, misspelled) => {
    expect(() => untyped(plugin)(options)).toThrow(`${name}() has no option "${misspelled}".`);
  });
});

describe("a misspelled word is refused, not taken for the default", () => {
  test.each([
    ["record, statements", () => untyped(record)({ statements: "redacted" }), '"redacted" is no'],
    [
      "mask, strategy",
      () => untyped(mask)({ columns: ["a"], strategy: "partly" }),
      '"partly" is no strategy',
    ],
    [
      "mask, predicates",
      () => untyped(mask)({ columns: ["a"], predicates: "refuse" }),
      '"refuse" is no predicates',
    ],
    ["mask, copied", () => untyped(mask)({ columns: ["a"], copied: "deny" }), '"deny" is no copied'],
    [
      "approve, for",
      () => (approve({ by: anyone, within: "1m" }).for as (effect: string) => unknown)("wirte"),
      '"wirte" is no effect',
    ],
  ] as const)("%s", (_name, made, message) => {
    expect(made).toThrow(message);
  });
});
