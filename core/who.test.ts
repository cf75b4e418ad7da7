import { expect, test } from "bun:test";
import type { Identity } from "./identity.ts";
import { anyone, both, group, machine, person } from "./who.ts";

const alice: Identity = { issuer: "i", subject: "alice", kind: "person", groups: ["support", "leads"] };
const bot: Identity = { issuer: "i", subject: "bot", kind: "machine", groups: ["support"] };

test.each([
  ["anyone", anyone, true, true],
  ["group leads", group("leads"), true, false],
  ["group dba, support", group("dba", "support"), true, true],
  ["group Support", group("Support"), false, false],
  ["any person", person(), true, false],
  ["person alice, bob", person("alice", "bob"), true, false],
  ["person bot", person("bot"), false, false],
  ["any machine", machine(), false, true],
  ["machine bot", machine("bot"), false, true],
  ["machine alice", machine("alice"), false, false],
  ["any machine and group support", both(machine(), group("support")), false, true],
] as const)("%s", (label, who, matchesAlice, matchesBot) => {
  expect(who.label).toBe(label);
  expect([who.matches(alice), who.matches(bot)]).toEqual([matchesAlice, matchesBot]);
});

test("whom an identity acts for lends it nothing", () => {
  expect(group("leads").matches({ ...bot, actingFor: alice })).toBe(false);
  expect(person("alice").matches({ ...bot, actingFor: alice })).toBe(false);
});

test("an empty group is nobody's", () => {
  expect(group("").matches({ ...alice, groups: [] })).toBe(false);
});
