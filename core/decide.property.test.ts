import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../test/fuzz.ts";
import { rulesFor } from "./decide.ts";
import type { Identity } from "./identity.ts";
import { type Action, effects } from "./operation.ts";
import { guardrail, provider, resource } from "./policy/fixture.ts";
import { gateway } from "./policy/gateway.ts";
import { right } from "./policy/right.ts";
import type { Policy } from "./policy.ts";
import { group } from "./who.ts";

const settings = sampled(1_000);
const names = ["orders", "billing"] as const;
const rows = resource("rows", "operation");
const groups = ["a", "b", "c"] as const;
const targets = ["s.x", "s.y", "t.x", "*"] as const;
const patterns = ["s.x", "s.*", "*.x", "*"] as const;
const rails = [
  guardrail("one", ["operation"]),
  guardrail("two", ["operation"]),
  guardrail("three", ["operation"], ["write"]),
];

const rights = fc.record({ effect: fc.constantFrom(...effects), on: fc.subarray([...patterns]) });
const rule = fc.record({
  groups: fc.subarray([...groups], { minLength: 1 }),
  on: fc.oneof(fc.constant("*" as const), fc.subarray([...names], { minLength: 1 })),
  may: fc.oneof(
    { weight: 1, arbitrary: fc.constant("all" as const) },
    { weight: 6, arbitrary: fc.array(rights, { maxLength: 4 }) },
  ),
  under: fc.subarray(rails),
});
const policies = fc.array(rule, { maxLength: 5 }).map((rules) =>
  gateway({
    listen: {},
    identity: [provider],
    resources: { orders: rows, billing: rows },
    rules: rules.map(({ groups: [first = "a", ...others], on, may, under }) => ({
      who: group(first, ...others),
      on,
      may: may === "all" ? may : may.map(({ effect, on }) => right(effect, on)),
      under,
    })),
  }),
);
const identities = fc.record({
  issuer: fc.constant("test"),
  subject: fc.constantFrom("alice", "bob"),
  kind: fc.constantFrom("person", "machine"),
  groups: fc.subarray([...groups]),
});
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({ effect: fc.constantFrom(...effects), on: fc.constantFrom(...targets) }),
  { minLength: 1, maxLength: 4 },
);
const where = fc.constantFrom(...names);

const allows = (policy: Policy, identity: Identity, on: string, asked: readonly Action[]) =>
  rulesFor(policy, identity, on).decide(asked).allowed;

test("what is allowed, some rule of this resource and identity names", () => {
  fc.assert(
    fc.property(policies, identities, where, actions, (policy, identity, on, asked) => {
      if (!allows(policy, identity, on, asked)) return;
      for (const { effect } of asked) {
        const named = policy.rules.some(
          ({ who, on: names, may }) =>
            who.matches(identity) &&
            names.includes(on) &&
            (may === "all" || may.some((one) => one.effect === effect)),
        );
        expect(named).toBe(true);
      }
    }),
    settings,
  );
});

test("an operation is allowed exactly when each of its actions is", () => {
  fc.assert(
    fc.property(policies, identities, where, actions, (policy, identity, on, asked) => {
      const each = asked.every((action) => allows(policy, identity, on, [action]));
      expect(allows(policy, identity, on, asked)).toBe(each);
    }),
    settings,
  );
});

test("acting for another never widens what either has, and drops no guardrail", () => {
  fc.assert(
    fc.property(policies, identities, identities, where, actions, (policy, actor, principal, on, asked) => {
      const both = rulesFor(policy, { ...actor, actingFor: principal }, on).decide(asked);
      const alone = [actor, principal].map((identity) => rulesFor(policy, identity, on).decide(asked));
      expect(both.allowed).toBe(alone.every(({ allowed }) => allowed));
      if (!both.allowed) return;
      const wanted = new Set(alone.flatMap(({ guardrails }) => guardrails));
      expect(new Set(both.guardrails)).toEqual(wanted);
      expect(both.guardrails).toHaveLength(wanted.size);
    }),
    settings,
  );
});

test("unknown is allowed only where a rule says unknown or all", () => {
  fc.assert(
    fc.property(policies, identities, where, (policy, identity, on) => {
      const says = policy.rules.some(
        ({ who, on: names, may }) =>
          who.matches(identity) &&
          names.includes(on) &&
          (may === "all" || may.some(({ effect }) => effect === "unknown")),
      );
      if (!says) expect(allows(policy, identity, on, [{ effect: "unknown", on: "*" }])).toBe(false);
    }),
    settings,
  );
});

test("the order of actions changes neither the verdict nor the guardrails", () => {
  fc.assert(
    fc.property(policies, identities, where, actions, (policy, identity, on, asked) => {
      const set = rulesFor(policy, identity, on);
      const [one, other] = [set.decide(asked), set.decide(asked.toReversed())];
      expect(other.allowed).toBe(one.allowed);
      expect(other.guardrails).toEqual(one.guardrails);
    }),
    settings,
  );
});

test("the order of rules never changes what is allowed, only under which guardrails", () => {
  fc.assert(
    fc.property(policies, identities, where, actions, (policy, identity, on, asked) => {
      const turned = { ...policy, rules: policy.rules.toReversed() };
      expect(allows(turned, identity, on, asked)).toBe(allows(policy, identity, on, asked));
    }),
    settings,
  );
});

test("rules that concern another resource change nothing", () => {
  fc.assert(
    fc.property(policies, identities, actions, (policy, identity, asked) => {
      const fewer = { ...policy, rules: policy.rules.filter(({ on }) => on.includes("orders")) };
      expect(rulesFor(fewer, identity, "orders").decide(asked)).toEqual(
        rulesFor(policy, identity, "orders").decide(asked),
      );
    }),
    settings,
  );
});
