import { describe, expect, test } from "bun:test";
import type { Identity } from "./identity.ts";
import { actingFor, alone, anyone, both, group, machine, person, type Who } from "./who.ts";

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

describe("delegation", () => {
  const forAlice: Identity = { ...bot, actingFor: alice };
  const twice: Identity = { ...bot, subject: "helper", groups: [], actingFor: forAlice };

  test.each([
    ["acting for group leads", actingFor(group("leads")), false, false, true, true],
    ["acting for machine bot", actingFor(machine("bot")), false, false, false, true],
    ["acting for any person alone", actingFor(alone(person())), false, false, true, true],
    ["acting for any machine alone", actingFor(alone(machine())), false, false, false, false],
    ["acting for acting for any person", actingFor(actingFor(person())), false, false, false, true],
    ["any machine alone", alone(machine()), false, true, false, false],
    [
      "machine bot and acting for any person",
      both(machine("bot"), actingFor(person())),
      false,
      false,
      true,
      false,
    ],
  ] as const)("%s", (label, who, ofAlice, ofBot, ofBotForAlice, ofHelper) => {
    expect(who.label).toBe(label);
    expect([alice, bot, forAlice, twice].map((identity) => who.matches(identity))).toEqual([
      ...[ofAlice, ofBot, ofBotForAlice, ofHelper],
    ]);
  });

  test("what gives no clear answer matches nobody", () => {
    const vague = { label: "vague", matches: async () => false } as unknown as Who;
    expect(actingFor(vague).matches(forAlice)).toBe(false);
    expect(alone(vague).matches(bot) === true).toBe(false);
  });
});
