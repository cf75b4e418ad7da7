import { describe, expect, test } from "bun:test";
import { type Ended, type Ending, ends, loginMs, outlivesLogin } from "./ending.ts";
import { Endings } from "./endings.ts";
import type { Identity } from "./identity.ts";
import type { SessionInfo } from "./supervision.ts";

const issuer = "https://login.example.com";
const alice: Identity = {
  ...{ issuer, subject: "alice", kind: "person", groups: [], issuedAt: 1_000 },
  ...{ loginSession: "s1", credentialId: "pc_1", issuedFrom: "jti-1" },
};
const agent: Identity = {
  issuer,
  subject: "agent",
  kind: "machine",
  groups: [],
  issuedAt: 9_999,
  actingFor: alice,
};

let made = 0;
const ending = (of: Ended, more: Partial<Ending> = {}): Ending => ({
  ...{ id: `end_${++made}`, at: 5_000, of, blocks: false, by: "operator" },
  reason: { code: "access.revoked", message: "Over." },
  ...more,
});
const knowing = (...known: Ending[]) => {
  const endings = new Endings();
  for (const one of known) endings.add(one);
  return endings;
};

describe("a proof is refused", () => {
  const about: readonly (readonly [string, Ended])[] = [
    ["its subject, of any issuer", { kind: "identity", subject: "alice" }],
    ["its subject of this issuer", { kind: "identity", subject: "alice", issuer }],
    ["its subject in another spelling", { kind: "identity", subject: " ALICE", issuer }],
    ["its login", { kind: "login", issuer, session: "s1" }],
    ["its credential", { kind: "credential", id: "pc_1" }],
    ["the token that its credential was issued from", { kind: "credential", id: "jti-1" }],
  ];
  for (const [what, of] of about) {
    test(`after the end of ${what}, also where somebody acts for it`, () => {
      const [one] = [ending(of)];
      expect(knowing(one).against(alice)).toEqual(one);
      expect(knowing(one).against(agent)).toEqual(one);
    });
  }

  test("not after the end of something else", () => {
    const others: Ended[] = [
      { kind: "identity", subject: "alice", issuer: "https://else" },
      { kind: "identity", subject: "bob" },
      { kind: "login", issuer: "https://else", session: "s1" },
      { kind: "credential", id: "s1" },
      { kind: "session", id: "alice" },
      { kind: "grant", id: "alice" },
    ];
    expect(knowing(...others.map((of) => ending(of))).against(agent)).toBeUndefined();
  });

  test("by its age, and without one as old as can be; a blocking one and a revoked credential whatever its age", () => {
    const person: Ended = { kind: "identity", subject: "alice" };
    const { issuedAt: _, ...ageless } = alice;
    const refused = (one: Ending, identity: Identity) => knowing(one).against(identity) !== undefined;
    expect(refused(ending(person), { ...alice, issuedAt: 5_000 })).toBe(true);
    expect(refused(ending(person), { ...alice, issuedAt: 5_001 })).toBe(false);
    expect(refused(ending(person), ageless)).toBe(true);
    expect(refused(ending(person, { blocks: true }), { ...alice, issuedAt: 5_001 })).toBe(true);
    expect(refused(ending({ kind: "credential", id: "jti-1" }), { ...alice, issuedAt: 5_001 })).toBe(true);
  });
});

test("one that is lifted refuses nothing, and leaves those of others in force", () => {
  const of: Ended = { kind: "identity", subject: "alice" };
  const [scim, operator] = [ending(of, { blocks: true, by: "scim" }), ending(of, { blocks: true })];
  const endings = knowing(scim, operator);
  endings.lift(scim);
  expect(endings.against(alice)).toEqual(operator);
  // A gateway may never have heard of the one that is lifted, but of one before it.
  endings.lift({ ...operator, id: "end_newer", at: 6_000 });
  expect(endings.against(alice)).toBeUndefined();
  expect(endings.all()).toEqual([]);
});

test("memory is bounded: the newest of each stays, and what can refuse nothing any more goes", () => {
  const endings = new Endings();
  const login = { kind: "login", issuer } as const;
  for (let at = 0; at < 1_000; at++) {
    endings.add(ending({ kind: "identity", subject: "alice" }, { at }), 0);
    endings.add(ending({ ...login, session: `s${at}` }, { at }), 0);
    endings.add(ending({ kind: "session", id: `ses_${at}` }, { at }), 0);
    endings.add(ending({ kind: "credential", id: `pc_${at}` }, { at }), 0);
  }
  endings.add(ending({ ...login, session: "new" }, { at: loginMs }), loginMs + 999);
  const left = endings.all().map(({ of, at }) => [of.kind, at]);
  expect(left).toEqual([
    ["identity", 999],
    ["login", 999],
    ["credential", 999],
    ["login", loginMs],
  ]);
});

test("a token of a login is good for no longer than the login's end is remembered", () => {
  const at = (issuedAt: number) => ({ ...alice, issuedAt });
  expect(outlivesLogin(at(0), loginMs)).toBe(false);
  expect(outlivesLogin(at(0), loginMs + 1)).toBe(true);
  expect(outlivesLogin({ ...agent, issuedAt: loginMs, actingFor: at(0) }, loginMs + 1)).toBe(true);
  const { loginSession: _, ...withoutLogin } = at(0);
  expect(outlivesLogin(withoutLogin, loginMs + 1)).toBe(false);
});

test("what a newer proof has opened since is spared by an ending that was heard of late", () => {
  const late = ending({ kind: "identity", subject: "alice" });
  const session = (openedAt: number, issuedAt: number): SessionInfo => ({
    ...{ id: "ses_1", resource: "r", protocol: "p", remote: "", policyVersion: "" },
    ...{ identity: { ...alice, issuedAt }, openedAt },
  });
  expect(ends(late, session(4_000, 5_500))).toBe(true);
  expect(ends(late, session(6_000, 4_500))).toBe(true);
  expect(ends(late, session(6_000, 5_500))).toBe(false);
  expect(ends(ending({ kind: "session", id: "ses_1" }), session(6_000, 5_500))).toBe(true);
});
