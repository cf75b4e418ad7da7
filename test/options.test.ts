import { describe, expect, test } from "bun:test";
import { anyone } from "../core/who.ts";
import * as plugins from "../plugins/index.ts";
import {
  approve,
  caep,
  env,
  http,
  kubernetes,
  limit,
  local,
  mask,
  maskSecrets,
  mtls,
  oauthClient,
  oidc,
  postgres,
  record,
  saml,
  scim,
  serviceAccountToken,
  sessionRole,
  signedJwt,
  ssh,
  sshCa,
  sshCertificates,
  sshKeys,
  webhook,
} from "../plugins/index.ts";

/** What a policy that no type checker has seen may hand to a plugin. */
const untyped = (plugin: unknown) => plugin as (options: object) => unknown;

/** Each with options of which one is misspelled. */
const misspelling = [
  ["approve", approve, { by: anyone, within: "1m", inTransation: "deny" }, "inTransation"],
  ["caep", caep, { issuer: "https://a.example", audience: "b", jwksUri: "c" }, "jwksUri"],
  ["http", http, { url: "https://a.example", host: "b" }, "host"],
  ["kubernetes", kubernetes, { url: "https://a.example", credentials: "b" }, "credentials"],
  ["limit", limit, { row: 3 }, "row"],
  ["local", local, { ttlmax: "1h" }, "ttlmax"],
  ["mask", mask, { detect: ["email"], colums: ["email"] }, "colums"],
  ["maskSecrets", maskSecrets, { configmaps: ["*.key"] }, "configmaps"],
  ["mtls", mtls, { ca: "ca.crt", kind: "person", subjct: "email" }, "subjct"],
  ["oauthClient", oauthClient, { tokenUrl: "https://a.example", clientID: "b" }, "clientID"],
  ["oidc", oidc, { issuer: "https://a.example", audience: "postern", audiense: "x" }, "audiense"],
  ["postgres", postgres, { host: "127.0.0.1", databse: "shop" }, "databse"],
  ["record", record, { statments: "redact" }, "statments"],
  ["saml", saml, { path: "a", entityId: "b", idp: { metadata: "c" }, group: "d" }, "group"],
  ["scim", scim, { token: env("A"), subjct: "userName" }, "subjct"],
  ["serviceAccountToken", serviceAccountToken, { serviceAccount: "a/b", admn: env("A") }, "admn"],
  ["sessionRole", sessionRole, { admin: env("A"), readonlyAs: "b" }, "readonlyAs"],
  ["signedJwt", signedJwt, { key: env("A"), algorithm: "ES256", isuer: "b" }, "isuer"],
  ["ssh", ssh, { host: "127.0.0.1", user: "ops", hostkey: "" }, "hostkey"],
  ["sshCa", sshCa, { ca: "ca.pub", kind: "person", group: "group:" }, "group"],
  ["sshCertificates", sshCertificates, { ca: env("A"), sourceAdress: ["10.0.0.5/32"] }, "sourceAdress"],
  ["sshKeys", sshKeys, { bot: { keys: [], group: ["ci"] } }, "group"],
  ["webhook", webhook, { url: "https://a.example", secret: env("A"), event: [] }, "event"],
] as const;
/** They take no options by name: the name of a variable, a path, a command; a key and a length. */
const without = ["env", "exec", "file", "hash"];

describe("a misspelled option guards nothing, so the policy does not load", () => {
  test("for each plugin there is", () => {
    const functions = Object.entries(plugins).flatMap(([name, one]) =>
      typeof one === "function" ? name : [],
    );
    expect(functions.toSorted()).toEqual([...misspelling.map(([name]) => name), ...without].toSorted());
  });

  test.each(misspelling)("%s", (name, plugin, options, misspelled) => {
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
