import { afterEach, describe, expect, test } from "bun:test";
import { enough } from "./holds.ts";
import type { Identity } from "./identity.ts";
import { group } from "./index.ts";
import type { HoldInfo } from "./supervision.ts";
import { type Client, Rig } from "./testing/rig.ts";
import { answer, greeted, guardrail, policyOf, received, shouting } from "./testing/shelf.ts";

const terms = { by: group("leads"), within: 60_000, inTransaction: 1_000 } as const;
const fourEyes = guardrail("four-eyes", {
  prepare: () => "willHold",
  operation: () => ({ hold: { ...terms, approvers: 2 } }),
});
const once = guardrail("once", { prepare: () => "willHold", operation: () => ({ hold: terms }) });

function lead(subject: string, more: Partial<Identity> = {}): Identity {
  return { issuer: "test", subject, kind: "person", groups: ["leads"], ...more };
}
const bob = lead("bob", { person: "bob@example.com" });
const lea = lead("lea");
const agent = (actingFor: Identity) => lead("planner", { kind: "machine", actingFor });

describe("a hold for two approvers", () => {
  let rig: Rig;
  afterEach(() => rig.stop());

  async function held(first = fourEyes): Promise<{ client: Client; hold: HoldInfo; told: string }> {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig), [first]));
    const client = await greeted(rig, "alice:leads:alice@example.com");
    const opened = rig.event("hold");
    client.say("read shelf");
    const hold = (await opened) as HoldInfo;
    return { client, hold, told: `${await client.lines.next()}` };
  }
  const say = (hold: HoldInfo, by: Identity, approve = true) =>
    rig.gateway.settle(hold.id, { approve, by, digest: hold.digest });

  test("waits for the second, and each yes is durable in the trail", async () => {
    const { client, hold, told } = await held();
    expect(told).toContain("two of group leads");
    expect(hold).toMatchObject({ approvers: 2, approved: [], by: "group leads" });
    expect(rig.trail.of("hold")[0]).toMatchObject({ approvers: 2 });
    const noted = rig.event("hold-approved");
    expect(await say(hold, bob)).toEqual({});
    expect(await noted).toEqual({ id: hold.id, by: bob });
    expect(rig.trail.of("hold-answered")).toMatchObject([{ hold: hold.id, by: { subject: "bob" } }]);
    expect(rig.trail.of("hold-ended")).toEqual([]);
    expect(received).toEqual([]);
    expect(await say(hold, lea)).toEqual({});
    expect(await answer(client)).toEqual(["READ SHELF"]);
    expect(received).toEqual(["read shelf"]);
    expect(rig.trail.of("hold-ended")).toMatchObject([{ how: "approved", by: { subject: "lea" } }]);
    expect((await say(hold, lead("max"))).refused).toContain("no such open hold");
  });

  for (const [who, by] of [
    ["the first approver again", bob],
    [
      "the first approver in other spelling",
      lead("b.jones", { issuer: "other", person: " Bob@Example.com" }),
    ],
    ["an agent of the first approver", agent(bob)],
    [
      "an agent of the first approver's second identity",
      agent(lead("b.jones", { person: "bob@example.com" })),
    ],
    ["the requester", lead("alice")],
    ["the requester's second identity", lead("a.smith", { person: "Alice@example.com" })],
    ["an agent of the requester", agent(lead("alice"))],
    ["an outsider", lead("max", { groups: [] })],
    ["an agent for an outsider", agent(lead("max", { groups: [] }))],
  ] as const) {
    test(`${who} is no second approver`, async () => {
      const { hold } = await held();
      expect(await say(hold, bob)).toEqual({});
      expect((await say(hold, by)).refused).toBeDefined();
      expect(rig.trail.of("hold-ended")).toEqual([]);
      expect(received).toEqual([]);
    });
  }

  test("who approved through an agent is no second approver in person", async () => {
    const { hold } = await held();
    expect(await say(hold, agent(bob))).toEqual({});
    expect((await say(hold, bob)).refused).toContain("another person");
    expect((await say(hold, agent(lea))).refused).toContain("another person");
    expect(received).toEqual([]);
  });

  test("one person's two answers at the same moment are one", async () => {
    const { hold } = await held();
    const both = await Promise.all([say(hold, bob), say(hold, agent(bob))]);
    expect(both.filter(({ refused }) => refused === undefined)).toHaveLength(1);
    expect(rig.trail.of("hold-answered")).toHaveLength(1);
    expect(received).toEqual([]);
  });

  test("one no ends it, also after a yes and by whoever gave it", async () => {
    for (const naysayer of [lea, bob]) {
      const { client, hold } = await held();
      await say(hold, bob);
      expect(await say(hold, naysayer, false)).toEqual({});
      expect((await answer(client))[0]).toContain(`error hold.denied ${naysayer.subject} denied`);
      expect((await say(hold, lea)).refused).toBeDefined();
      expect(received).toEqual([]);
      await rig.stop();
    }
  });

  test("whoever has approved may still say no, and others may answer", async () => {
    const { hold } = await held();
    await say(hold, bob);
    expect(await rig.gateway.answerable(bob)).toEqual([hold.id]);
    expect(await rig.gateway.answerable(lea)).toEqual([hold.id]);
    expect(await rig.gateway.answerable(lead("alice"))).toEqual([]);
  });

  test("the second must have seen the same operation", async () => {
    const { hold } = await held();
    await say(hold, bob);
    const other = { approve: true, by: lea, digest: "00" };
    expect((await rig.gateway.settle(hold.id, other)).refused).toContain("not the one");
    expect(received).toEqual([]);
  });

  test("a first yes that cannot be recorded does not count", async () => {
    const { hold } = await held();
    rig.trail.stall = Promise.reject(new Error("disk"));
    rig.trail.stall.catch(() => {});
    await expect(say(hold, bob)).rejects.toThrow("could not be recorded");
    rig.trail.stall = undefined;
    expect(await say(hold, lea)).toEqual({});
    expect(received).toEqual([]);
    expect(rig.trail.of("hold-ended")).toEqual([]);
  });

  test("a yes does not outlive the caller", async () => {
    const { client, hold } = await held();
    await say(hold, bob);
    const ended = rig.event("hold-ended");
    client.wire.destroy();
    expect(await ended).toEqual({ id: hold.id, how: "abandoned" });
    expect((await say(hold, lea)).refused).toBeDefined();
    expect(received).toEqual([]);
  });

  test("a policy that asks for two meanwhile makes one approval stale", async () => {
    const { client, hold } = await held(once);
    await rig.follow({ ...policyOf(0, [fourEyes]), version: "next" });
    await say(hold, bob);
    expect((await answer(client))[0]).toStartWith("error hold.stale");
    expect(received).toEqual([]);
  });

  test("two approvals are enough where a reload asks for two, or for one", async () => {
    for (const next of [fourEyes, once]) {
      const { client, hold } = await held();
      const version = `next ${next.name}`;
      await rig.follow({ ...policyOf(shouting(rig), [next]), version });
      await say(hold, bob);
      await say(hold, lea);
      expect(await answer(client)).toEqual(["READ SHELF"]);
      await rig.stop();
    }
  });
});

test("approvals of other holds count as two only where they are of two persons who may", () => {
  const two = { ...terms, approvers: 2 } as const;
  expect(enough(two, [bob, bob])).toBe(false);
  expect(enough(two, [bob, agent(bob)])).toBe(false);
  expect(enough(two, [bob, lead("max", { groups: [] })])).toBe(false);
  expect(enough(two, [bob, agent(bob), lea])).toBe(true);
  expect(enough(terms, [lead("max", { groups: [] })])).toBe(false);
  expect(enough(terms, [bob])).toBe(true);
});
