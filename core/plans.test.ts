import { afterEach, expect, test } from "bun:test";
import type { Statement } from "./operation.ts";
import { Plans } from "./plans.ts";
import { Session } from "./session.ts";
import { Rig } from "./testing/rig.ts";
import { policyOf, shouting } from "./testing/shelf.ts";

let rig: Rig;
afterEach(() => rig.stop());

const actions = [{ effect: "read", on: "shelf" }] as const;
const statement = (text: string): Statement => ({ text, actions });

function session(): Session {
  rig = new Rig();
  const policy = policyOf(shouting(rig));
  const identity = { issuer: "test", subject: "alice", kind: "person", groups: [] } as const;
  const start = { id: "ses_1", identity, resource: "box", protocol: "lines", remote: "test" };
  const opened = new Session(start, policy, [], rig.trail, new Map());
  opened.follow(policy, []);
  return opened;
}

const plansOf = (owner: Session) => new Plans(owner, () => {});

test("the plan of a statement that came again stays beside any number that never do", () => {
  const plans = plansOf(session());
  const often = statement("often");
  const plan = plans.of(often);
  expect(plans.of(often)).toBe(plan);
  plans.of(statement("another"));
  expect(plans.of(often)).toBe(plan);
  for (let at = 0; at < 1000; at++) plans.of(statement(`once ${at}`));
  expect(plans.of(often)).toBe(plan);
});

test("one that was asked for once is forgotten soon; what is decided of its actions is not", () => {
  const plans = plansOf(session());
  const once = statement("once");
  const plan = plans.of(once);
  for (let at = 0; at < 100; at++) plans.of(statement(`${at}`));
  const again = plans.of(once);
  expect(again).not.toBe(plan);
  expect(again.ruling).toBe(plan.ruling);
});

test("a session keeps no plans of large texts but the last", () => {
  const plans = plansOf(session());
  const [large, other] = ["x", "y"].map((letter) => statement(letter.repeat(70_000))) as [
    Statement,
    Statement,
  ];
  const plan = plans.of(large);
  expect(plans.of(large)).toBe(plan);
  plans.of(other);
  const again = plans.of(large);
  expect(again).not.toBe(plan);
  expect(again).toEqual(plan);
});

test("under another policy each is made anew, wherever it was kept", () => {
  const owner = session();
  const plans = plansOf(owner);
  const all = ["last", "new", "kept"].map(statement);
  const [last, fresh, kept] = all as [Statement, Statement, Statement];
  for (const one of [kept, fresh, kept, fresh, last]) plans.of(one);
  const before = [last, fresh, kept].map((one) => plans.of(one));
  owner.follow(policyOf(shouting(rig)), []);
  const after = [last, fresh, kept].map((one) => plans.of(one));
  for (const [at, plan] of after.entries()) {
    expect(plan).not.toBe(before[at] as typeof plan);
    expect(plan.ruling.ruleSet).toBe(owner.rules);
  }
  expect([last, fresh, kept].map((one) => plans.of(one))).toEqual(after);
});
