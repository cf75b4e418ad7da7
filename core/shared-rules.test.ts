import { expect, test } from "bun:test";
import { rulesFor } from "./decide.ts";
import type { Identity } from "./identity.ts";
import type { Policy } from "./policy.ts";
import { sharedRules } from "./shared-rules.ts";
import { policyOf } from "./testing/shelf.ts";

const alice: Identity = { issuer: "test", subject: "alice", kind: "person", groups: [] };
const found = (policy: Policy, identity: Identity) =>
  sharedRules(rulesFor(policy, identity, "box"), identity);

test("sessions of one identity that are found to go by the same rules share them", () => {
  const policy = policyOf(0);
  const rules = found(policy, { ...alice });
  expect(rules.rights.length).toBeGreaterThan(0);
  expect(found(policy, { ...alice })).toBe(rules);
});

test("another identity, another policy and rules that changed have their own", () => {
  const policy = policyOf(0);
  const rules = found(policy, alice);
  expect(found(policy, { ...alice, credentialId: "pc_1" })).not.toBe(rules);
  expect(found({ ...policy }, alice)).not.toBe(rules);
  const fewer = { ...rules, rights: [] };
  expect(sharedRules(fewer, alice)).toBe(fewer);
});

test("who acts for another shares nothing", () => {
  const policy = policyOf(0);
  const agent: Identity = { ...alice, subject: "agent", kind: "machine", actingFor: alice };
  expect(found(policy, agent)).not.toBe(found(policy, agent));
});
