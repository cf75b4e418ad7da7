import { expect, test } from "bun:test";
import { rulesFor } from "./decide.ts";
import { effects } from "./operation.ts";
import { onlyReads } from "./policy/allowance.ts";
import { guardrail, provider, resource, somebody } from "./policy/fixture.ts";
import { gateway } from "./policy/gateway.ts";
import type { RuleInput } from "./policy/input.ts";
import { execute, write } from "./policy/right.ts";
import { anyone, group, machine } from "./who.ts";

const record = guardrail("record", ["wire"]);
const mask = guardrail("mask", ["rows"]);
const other = guardrail("other", ["rows"]);
const approve = guardrail("approve", ["operation"], ["define", "write"]);
const orders = resource("rows", "operation", "rows", "wire");

type Both = { readonly orders: typeof orders; readonly logs: typeof orders };
function policyOf(...rules: RuleInput<Both, "orders" | "logs" | "*">[]) {
  return gateway({
    listen: {},
    identity: [provider],
    resources: { orders, logs: orders },
    always: [record],
    rules,
  });
}
const alice = somebody("alice", "support");
const bot = { ...somebody("deploy-bot"), kind: "machine" as const };

test("a refusal names what the text names, where what is refused comes of that", () => {
  const set = rulesFor(policyOf({ who: group("support"), on: "orders", may: ["read"] }), alice, "orders");
  const decided = set.decide([{ effect: "execute", on: "public.bump", through: "the view public.v" }]);
  expect(decided.reason?.message).toBe(
    "execute on public.bump (through the view public.v) is not allowed on orders for alice",
  );
});

test("nothing without a rule", () => {
  const set = rulesFor(policyOf(), alice, "orders");
  expect(set.rights).toEqual([]);
  expect(set.decide([{ effect: "read", on: "a" }])).toMatchObject({
    allowed: false,
    reason: { code: "policy.denied", message: "alice may not use orders: no rule lets alice use orders" },
    guardrails: [],
  });
  expect(set.decide([]).allowed).toBe(false);
});

test("the reason names action, resource, identity and what is allowed", () => {
  const policy = policyOf({
    name: "support",
    who: group("support"),
    on: "orders",
    may: ["read", write("tmp.*")],
  });
  const decision = rulesFor(policy, alice, "orders").decide([
    { effect: "read", on: "public.customers" },
    { effect: "define", on: "public.customers" },
    { effect: "write", on: "public.customers" },
  ]);
  expect(decision.reason).toEqual({
    code: "policy.denied",
    message: "define on public.customers is not allowed on orders for alice (and 1 more)",
    rule: "support",
    hint: "On orders you may: read, write(tmp.*) (rule support). Ask whoever keeps the policy, or do without.",
  });
  expect(decision.steps.map(({ rule, why }) => [rule, why])).toEqual([
    ["support", "rule support lets group support: read"],
    [undefined, "no rule lets alice define public.customers on orders"],
    [undefined, "no rule lets alice write public.customers on orders"],
  ]);
});

test("the first rule that matches who, on and may decides; its guardrails apply", () => {
  const policy = policyOf(
    { name: "logs", who: anyone, on: "logs", may: "all" },
    { name: "narrow", who: anyone, on: "orders", may: [write("a")], under: [mask] },
    { name: "wide", who: anyone, on: "*", may: ["write", "read"], under: [other, approve] },
  );
  const set = rulesFor(policy, alice, "orders");
  const decide = (...on: string[]) => set.decide(on.map((target) => ({ effect: "write", on: target })));
  expect(set.rights).toEqual([
    { rule: "narrow", may: ["write(a)"] },
    { rule: "wide", may: ["write", "read"] },
  ]);
  expect(decide("a").guardrails).toEqual([record, mask]);
  expect(decide("b").guardrails).toEqual([record, other, approve]);
  expect(decide("b", "a").guardrails).toEqual([record, mask, other, approve]);
  expect(set.decide([{ effect: "read", on: "a" }]).guardrails).toEqual([record, other]);
});

test("rules of other resources and identities cost nothing", () => {
  let asked = 0;
  const counted = { label: "counted", matches: () => asked++ < 0 };
  const policy = policyOf(
    ...Array.from({ length: 1_000 }, () => ({ who: counted, on: "logs" as const, may: "all" as const })),
    { who: counted, on: "orders", may: "all" },
    { who: anyone, on: "orders", may: ["read"] },
  );
  const set = rulesFor(policy, alice, "orders");
  expect(asked).toBe(1);
  expect(set.decide([{ effect: "read", on: "a" }]).allowed).toBe(true);
  expect(asked).toBe(1);
});

test("unknown needs to be named, or all", () => {
  const unknown = [{ effect: "unknown", on: "*" }] as const;
  const every = ["read", "write", "delete", "define", "grant", "execute", "connect"] as const;
  const allowed = (may: "all" | readonly (typeof every)[number][] | ["unknown"]) =>
    rulesFor(policyOf({ who: anyone, on: "orders", may }), alice, "orders").decide(unknown).allowed;
  expect([allowed(every), allowed(["unknown"]), allowed("all")]).toEqual([false, true, true]);
});

test("who acts for another has what both have, under the guardrails of both", () => {
  const policy = policyOf(
    { name: "agents", who: machine(), on: "orders", may: ["read", "write"], under: [other] },
    {
      name: "support",
      who: group("support"),
      on: "orders",
      may: ["read", "define"],
      under: [mask],
      lifetime: "1h",
    },
  );
  const agent = { ...bot, actingFor: alice };
  const set = rulesFor(policy, agent, "orders");
  const decide = (effect: "read" | "write" | "define") => set.decide([{ effect, on: "a" }]);
  expect(decide("read")).toMatchObject({ allowed: true, steps: [{ rule: "agents and support" }] });
  expect(decide("read").guardrails).toEqual([record, other, mask]);
  expect(decide("write").reason?.message).toBe("write on a is not allowed on orders for alice");
  expect(decide("define").reason?.message).toBe(
    "define on a is not allowed on orders for deploy-bot for alice",
  );
  expect(set.lifetime).toBe(3_600_000);
  expect(rulesFor(policy, { ...bot, actingFor: somebody("eve") }, "orders").rights).toEqual([]);
});

test("a credential for one resource is good for no other", () => {
  const policy = policyOf({ who: anyone, on: "*", may: "all" });
  const bound = { ...alice, resource: "orders" };
  expect(rulesFor(policy, bound, "orders").decide([]).allowed).toBe(true);
  expect(rulesFor(policy, bound, "logs").rights).toEqual([]);
  expect(rulesFor(policy, bound, "logs").decide([]).reason?.message).toContain("good for orders only");
  const behind = { ...bot, actingFor: bound };
  expect(rulesFor(policy, behind, "logs").decide([]).allowed).toBe(false);
});

test("a who that throws refuses instead of passing over its rule", () => {
  const broken = {
    label: "broken",
    matches: () => {
      throw new Error("no directory");
    },
  };
  const policy = policyOf(
    { who: broken, on: "orders", may: "all" },
    { who: anyone, on: "orders", may: "all" },
  );
  expect(() => rulesFor(policy, alice, "orders")).toThrow("no directory");
});

test("a right on what an action is within covers it too", () => {
  const policy = policyOf({ who: anyone, on: "orders", may: [execute("df", "cat /var/log/*")] });
  const set = rulesFor(policy, alice, "orders");
  const allowed = (on: string, within?: string) =>
    set.decide([{ effect: "execute", on, ...(within === undefined ? {} : { within }) }]).allowed;
  expect(allowed("df -h", "df")).toBe(true);
  expect(allowed("df -h")).toBe(false);
  expect(allowed("cat /var/log/app", "cat")).toBe(true);
  expect(allowed("cat /var/log/app /etc/shadow", "cat")).toBe(false);
});

test("the effects that a session may have at all are those of every party", () => {
  const policy = policyOf(
    { who: group("support"), on: "orders", may: ["read", write("tmp.*")] },
    { who: group("readers"), on: "orders", may: ["read"] },
    { who: machine("deploy-bot"), on: "orders", may: "all" },
    { who: group("nothing"), on: "orders", may: [] },
  );
  const allowed = (identity: Parameters<typeof rulesFor>[1]) => rulesFor(policy, identity, "orders").effects;
  expect([...allowed(alice)]).toEqual(["read", "write"]);
  expect([...allowed(bot)]).toEqual([...effects]);
  expect([...allowed({ ...bot, actingFor: alice })]).toEqual(["read", "write"]);
  expect([...allowed({ ...bot, actingFor: somebody("eve") })]).toEqual([]);
  expect([alice, bot].map((identity) => onlyReads(allowed(identity)))).toEqual([false, false]);
  expect(onlyReads(allowed(somebody("rhea", "readers")))).toBe(true);
  expect(onlyReads(allowed(somebody("nobody", "nothing")))).toBe(true);
});
