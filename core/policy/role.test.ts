import { expect, test } from "bun:test";
import type { CredentialSource } from "../credential/source.ts";
import { rulesFor } from "../decide.ts";
import type { Identity } from "../identity.ts";
import { group } from "../who.ts";
import { provider, resource, somebody } from "./fixture.ts";
import { gateway } from "./gateway.ts";

const source: CredentialSource<undefined> = {
  label: "made up",
  issue: () => Promise.reject(new Error("not in this test")),
};
const plain = resource("lines");

function roleOf(
  identity: Identity,
  credential: typeof source | { label: string; read(): Promise<string> } = source,
) {
  const policy = gateway({
    listen: {},
    identity: [provider],
    resources: { orders: { ...plain, credential } },
    rules: [
      { who: group("support"), on: "orders", may: ["read"] },
      { who: group("support"), on: "orders", may: ["read"], as: "reader" },
      { who: group("leads"), on: "orders", may: "all", as: "writer" },
    ],
  });
  return rulesFor(policy, identity, "orders").role();
}

const alice = somebody("alice", "support");
const agent = { ...somebody("agent", "leads"), kind: "machine" as const };

test("the first rule in the policy's order that names one", () => {
  expect(roleOf(alice)).toBe("reader");
  expect(roleOf(somebody("lea", "leads", "support"))).toBe("reader");
  expect(roleOf(somebody("lea", "leads"))).toBe("writer");
});

test("the source's own where no rule names one", () => {
  const nobody = somebody("carol", "support");
  expect(roleOf({ ...nobody, groups: [] })).toBeUndefined();
  expect(roleOf({ ...nobody, groups: [] }, { ...source, as: "guest" })).toBe("guest");
  expect(roleOf(nobody, { ...source, as: "guest" })).toBe("reader");
});

test("the source's own for a session that may only read, where it has one", () => {
  const credential = { ...source, as: "app", readOnlyAs: "reader" };
  const policy = gateway({
    listen: {},
    identity: [provider],
    resources: { orders: { ...plain, credential } },
    rules: [
      { who: group("support"), on: "orders", may: ["read"] },
      { who: group("leads"), on: "orders", may: ["read", "write"] },
      { who: group("owners"), on: "orders", may: ["read"], as: "owner" },
    ],
  });
  const role = (identity: Identity) => rulesFor(policy, identity, "orders").role();
  expect(role(alice)).toBe("reader");
  expect(role(agent)).toBe("app");
  expect(role(somebody("olga", "support", "leads"))).toBe("app");
  expect(role(somebody("olga", "owners"))).toBe("owner");
  // What both may is to read.
  expect(role({ ...agent, actingFor: alice })).toBe("reader");
});

test("parties of a delegation that would be different roles have none", () => {
  expect(roleOf({ ...agent, groups: ["support"], actingFor: alice })).toBe("reader");
  expect(() => roleOf({ ...agent, actingFor: alice })).toThrow(
    "agent for alice is writer and alice is reader",
  );
  expect(() => roleOf({ ...agent, groups: [], actingFor: alice })).toThrow("has no role");
  expect(roleOf({ ...agent, groups: [], actingFor: alice }, { ...source, as: "reader" })).toBe("reader");
});

test("a secret that the gateway holds knows no roles", () => {
  expect(roleOf({ ...agent, actingFor: alice }, { label: "env X", read: async () => "x" })).toBeUndefined();
});
