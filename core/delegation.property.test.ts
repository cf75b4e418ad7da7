import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../test/fuzz.ts";
import type { CredentialSource } from "./credential/source.ts";
import { rulesFor } from "./decide.ts";
import type { Duration } from "./duration.ts";
import type { Grant } from "./grant.ts";
import { type Identity, parties } from "./identity.ts";
import { type Action, effects } from "./operation.ts";
import { guardrail, provider, resource } from "./policy/fixture.ts";
import { gateway } from "./policy/gateway.ts";
import { right } from "./policy/right.ts";
import { actingFor, alone, anyone, both, group, machine, person, type Who } from "./who.ts";

// What a chain of delegation may, against what each of its parties may alone.
const settings = sampled(1_000);
const now = 1_800_000_000_000;
const groups = ["a", "b"] as const;
const subjects = ["alice", "bob", "planner"] as const;
const targets = ["s.x", "s.y", "t.x", "*"] as const;
const patterns = ["s.x", "s.*", "*.x", "*"] as const;
const rails = ["one", "two", "three", "four"].map((name, at) =>
  at === 3 ? guardrail(name, ["operation"], ["write"]) : guardrail(name, ["operation"]),
);
const source: CredentialSource<undefined> = {
  label: "roles",
  as: "reader",
  issue: () => Promise.reject(new Error("not in this test")),
};
const orders = { ...resource("rows", "operation"), credential: source };

const plain: fc.Arbitrary<Who> = fc.oneof(
  fc.constant(anyone),
  fc.constantFrom(...groups).map((name) => group(name)),
  fc.constantFrom(...subjects).map((name) => person(name)),
  fc.constantFrom(...subjects).map((name) => machine(name)),
  fc.constantFrom(person(), machine()),
  fc.constantFrom(...groups).map((name) => both(machine(), group(name))),
);
/** Those, too, that see whom somebody acts for. */
const seeing: fc.Arbitrary<Who> = fc.oneof(
  plain,
  plain.map(actingFor),
  plain.map(alone),
  fc.tuple(plain, plain).map(([one, other]) => both(one, actingFor(other))),
);

const rights = fc.record({ effect: fc.constantFrom(...effects), on: fc.subarray([...patterns]) });
const policiesOf = (who: fc.Arbitrary<Who>) =>
  fc
    .array(
      fc.record({
        who,
        may: fc.oneof(
          { weight: 1, arbitrary: fc.constant("all" as const) },
          { weight: 5, arbitrary: fc.array(rights, { maxLength: 4 }) },
        ),
        under: fc.subarray(rails),
        lifetime: fc.option(fc.constantFrom<Duration>("1m", "5m", "1h"), { nil: undefined }),
        as: fc.option(fc.constantFrom("writer", "reader"), { nil: undefined }),
        granted: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((rules) =>
      gateway({
        listen: {},
        identity: [provider],
        resources: { orders, billing: resource("rows", "operation") },
        rules: rules.map(({ who, may, under, lifetime, as, granted }, at) => ({
          ...{ name: `rule-${at}`, who, on: "orders" as const, under },
          may: may === "all" ? may : may.map(({ effect, on }) => right(effect, on)),
          ...(lifetime === undefined ? {} : { lifetime }),
          ...(as === undefined ? {} : { as }),
          ...(granted ? { grant: { by: group("leads"), upTo: "1h" as const } } : {}),
        })),
      }),
    );

const party: fc.Arbitrary<Identity> = fc
  .record({
    issuer: fc.constantFrom("login", "certificates"),
    subject: fc.constantFrom(...subjects),
    kind: fc.constantFrom("person", "machine"),
    groups: fc.subarray([...groups]),
    resource: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom("orders", "billing") },
    ),
  })
  .map(({ resource, ...identity }) => ({ ...identity, ...(resource === undefined ? {} : { resource }) }));
const chains = fc
  .array(party, { minLength: 1, maxLength: 4 })
  .map((each) => each.reduceRight<Identity | undefined>(onBehalfOf, undefined) as Identity);
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({ effect: fc.constantFrom(...effects), on: fc.constantFrom(...targets) }),
  { minLength: 1, maxLength: 3 },
);

function onBehalfOf(next: Identity | undefined, own: Identity): Identity {
  return next === undefined ? own : { ...own, actingFor: next };
}

/** Opens every rule that asks for a grant, for exactly this identity. */
function grantFor(identity: Identity): Grant {
  return {
    ...{ id: "grant_1", request: "req_1", identity, resource: "orders", by: [], breakGlass: false },
    ...{ rules: Array.from({ length: 6 }, (_, at) => `rule-${at}`), from: now - 1, until: now + 1 },
  };
}

describe("must hold 5: a chain of delegation", () => {
  test("may what each of its parties may alone, no less and never more, under the guardrails of all", () => {
    let allowed = 0;
    fc.assert(
      fc.property(policiesOf(plain), chains, actions, (policy, identity, asked) => {
        const set = rulesFor(policy, identity, "orders", [], now);
        const together = set.decide(asked);
        const each = parties(identity).map((one) => rulesFor(policy, one, "orders", [], now));
        const apart = each.map((one) => one.decide(asked));
        expect(together.allowed).toBe(apart.every((one) => one.allowed));
        if (!together.allowed) return;
        allowed++;
        const wanted = new Set(apart.flatMap(({ guardrails }) => guardrails));
        expect(new Set(together.guardrails)).toEqual(wanted);
        expect(together.guardrails).toHaveLength(wanted.size);
        for (const { lifetime } of each) {
          if (lifetime !== undefined) expect(set.lifetime).toBeLessThanOrEqual(lifetime);
        }
      }),
      settings,
    );
    expect(allowed).toBeGreaterThan(0);
  });

  test("never has more than whom it acts for, whatever the rules see of the chain, and drops no guardrail", () => {
    let allowed = 0;
    fc.assert(
      fc.property(policiesOf(seeing), chains, actions, (policy, identity, asked) => {
        const together = rulesFor(policy, identity, "orders", [], now).decide(asked);
        if (!together.allowed) return;
        for (let next = identity.actingFor; next; next = next.actingFor) {
          allowed++;
          const behind = rulesFor(policy, next, "orders", [], now).decide(asked);
          expect(behind.allowed).toBe(true);
          expect(together.guardrails).toEqual(expect.arrayContaining([...behind.guardrails]));
        }
      }),
      settings,
    );
    expect(allowed).toBeGreaterThan(0);
  });

  test("has no role that one of its parties does not have alone", () => {
    fc.assert(
      fc.property(policiesOf(plain), chains, (policy, identity) => {
        const each = parties(identity).map((one) => rulesFor(policy, one, "orders", [], now).role());
        const together = rulesFor(policy, identity, "orders", [], now);
        if (new Set(each).size === 1) expect(together.role()).toBe(each[0]);
        else expect(() => together.role()).toThrow("a session is one of them");
      }),
      settings,
    );
  });

  test("has no use of the grants of its parties alone, nor they of its own", () => {
    fc.assert(
      fc.property(policiesOf(seeing), chains, actions, (policy, identity, asked) => {
        if (!identity.actingFor) return;
        const decided = (whose: Identity, grants: Grant[]) =>
          rulesFor(policy, whose, "orders", grants, now).decide(asked).allowed;
        const apart = parties(identity);
        expect(decided(identity, apart.map(grantFor))).toBe(decided(identity, []));
        for (const one of apart) expect(decided(one, [grantFor(identity)])).toBe(decided(one, []));
      }),
      settings,
    );
  });
});
