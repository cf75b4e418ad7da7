import { describe, expect, test } from "bun:test";
import { type Identity, identityKey, isSame, shareParty } from "./identity.ts";

const of = (subject: string, more: Partial<Identity> = {}): Identity => ({
  ...{ issuer: "login", subject, kind: "person", groups: [] },
  ...more,
});
const alice = of("alice", { person: "alice@example.com" });
const agent = of("planner", { kind: "machine" });

test("an agent that acts for somebody is another identity than itself, and than the same for somebody else", () => {
  const all = [
    agent,
    { ...agent, actingFor: alice },
    { ...agent, actingFor: of("bob") },
    { ...agent, actingFor: { ...of("helper"), actingFor: alice } },
    alice,
    of("alice", { issuer: "other" }),
    // What a subject may hold must not make one chain look like another.
    of('planner"]>["login","alice'),
  ];
  expect(new Set(all.map(identityKey)).size).toBe(all.length);
});

describe("one person", () => {
  test.each([
    ["the same subject of the same issuer", alice, of("alice"), true],
    ["the same subject of another issuer", of("alice"), of("alice", { issuer: "certificates" }), false],
    ["a second identity of the same person", alice, of("a.smith", { person: "alice@example.com" }), true],
    ["spelled in another way", alice, of("a.smith", { person: "Alice@Example.com" }), true],
    [
      "spelled in other characters",
      of("j", { person: "jos\u00e9@example.com" }),
      of("j2", { person: " jose\u0301@example.com " }),
      true,
    ],
    ["another person", alice, of("a.smith", { person: "asmith@example.com" }), false],
    ["two of whom nobody knows which person they are", of("alice"), of("bob"), false],
  ] as const)("%s", (_what, one, other, same) => {
    expect(isSame(one, other)).toBe(same);
    expect(isSame(other, one)).toBe(same);
  });

  test("is found in every place of a chain", () => {
    const second = of("a.smith", { issuer: "saml", person: "ALICE@example.com" });
    const deep = { ...agent, actingFor: { ...of("helper"), actingFor: second } };
    for (const other of [second, deep, { ...second, actingFor: of("bob") }]) {
      expect(shareParty(alice, other)).toBe(true);
      expect(shareParty(other, { ...of("runner"), actingFor: alice })).toBe(true);
    }
    expect(shareParty(alice, { ...agent, actingFor: of("bob") })).toBe(false);
  });
});
