import { afterEach, describe, expect, test } from "bun:test";
import { unexamined } from "./examining.ts";
import { mostHolds } from "./hold-places.ts";
import { Holds } from "./holds.ts";
import { group } from "./index.ts";
import type { Operation } from "./operation.ts";
import type { HoldInfo } from "./supervision.ts";
import { type Client, Rig } from "./testing/rig.ts";
import { answer, greeted, guardrail, policyOf, received, shouting } from "./testing/shelf.ts";

let rig: Rig;
afterEach(() => rig.stop());

const signOff = guardrail("sign-off", {
  prepare: () => "willHold",
  operation: () => ({ hold: { by: group("leads"), within: 60_000, inTransaction: 1_000 } }),
});

describe("holds", () => {
  async function held(token = "alice"): Promise<{ client: Client; hold: HoldInfo }> {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig), [signOff]));
    const client = await greeted(rig, token);
    const opened = rig.event("hold");
    client.say("read shelf");
    const hold = (await opened) as HoldInfo;
    expect(await client.lines.next()).toStartWith(`held ${hold.id}`);
    return { client, hold };
  }
  const lead = { issuer: "test", subject: "lea", kind: "person", groups: ["leads"] } as const;

  test("an approval lets it through once", async () => {
    const { client, hold } = await held();
    expect(received).toEqual([]);
    expect(await rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest })).toEqual({});
    expect(await answer(client)).toEqual(["READ SHELF"]);
    expect((await rig.gateway.settle(hold.id, { approve: true, by: lead })).refused).toBeDefined();
    expect(received).toEqual(["read shelf"]);
    expect(rig.trail.of("hold-ended")[0]).toMatchObject({ how: "approved", by: { subject: "lea" } });
    expect(rig.trail.of("operation")[0]?.hold).toBe(hold.id);
  });

  test("a denial says who and why", async () => {
    const { client, hold } = await held();
    await rig.gateway.settle(hold.id, { approve: false, by: lead, because: "not today" });
    expect((await answer(client))[0]).toBe("error hold.denied lea denied this operation: not today.");
    expect(received).toEqual([]);
  });

  test("the requester, an outsider and another digest do not count", async () => {
    const { hold } = await held("alice:leads:alice@example.com");
    const alice = { ...lead, subject: "alice" };
    expect((await rig.gateway.settle(hold.id, { approve: true, by: alice })).refused).toContain(
      "of their own",
    );
    const agent = { ...lead, subject: "agent", actingFor: alice };
    expect((await rig.gateway.settle(hold.id, { approve: true, by: agent })).refused).toContain(
      "of their own",
    );
    const second = { ...lead, issuer: "other", subject: "a.smith", person: "Alice@example.com" };
    for (const by of [second, { ...lead, subject: "agent", actingFor: second }]) {
      expect((await rig.gateway.settle(hold.id, { approve: true, by })).refused).toContain("of their own");
    }
    const bob = { ...lead, subject: "bob" };
    for (const by of [
      { ...lead, groups: [], actingFor: bob },
      { ...lead, actingFor: { ...bob, groups: [] } },
    ]) {
      expect((await rig.gateway.settle(hold.id, { approve: true, by })).refused).toContain("group leads");
    }
    const outsider = { ...lead, groups: [] };
    expect((await rig.gateway.settle(hold.id, { approve: true, by: outsider })).refused).toContain(
      "group leads",
    );
    const other = { approve: true, by: lead, digest: "00" };
    expect((await rig.gateway.settle(hold.id, other)).refused).toContain("not the one");
    expect(received).toEqual([]);
  });

  test("it dies with its connection, and a late approval is refused", async () => {
    const { client, hold } = await held();
    const ended = rig.event("hold-ended");
    client.wire.destroy();
    expect(await ended).toEqual({ id: hold.id, how: "abandoned" });
    expect((await rig.gateway.settle(hold.id, { approve: true, by: lead })).refused).toBeDefined();
    expect(received).toEqual([]);
  });

  test("the caller cancels", async () => {
    const { client } = await held();
    client.say("cancel");
    expect((await answer(client))[0]).toStartWith("error hold.cancelled");
  });

  test("what the policy no longer allows is not approved", async () => {
    const { client, hold } = await held();
    const strict = policyOf(0);
    const rules = strict.rules.map((rule) => ({ ...rule, may: [] }));
    await rig.follow({ ...strict, version: "next", rules });
    await rig.gateway.settle(hold.id, { approve: true, by: lead });
    expect((await answer(client))[0]).toStartWith("error policy.denied");
    expect(received).toEqual([]);
  });

  test("a policy that asks for another approver meanwhile makes the approval stale", async () => {
    const { client, hold } = await held();
    const boss = guardrail("boss", {
      operation: () => ({ hold: { by: group("bosses"), within: 60_000, inTransaction: 1_000 } }),
    });
    await rig.follow({ ...policyOf(0, [boss]), version: "next" });
    await rig.gateway.settle(hold.id, { approve: true, by: lead });
    expect((await answer(client))[0]).toStartWith("error hold.stale");
    expect(received).toEqual([]);
  });

  test("a guardrail of the new policy that gives no verdict lets nothing through", async () => {
    const { client, hold } = await held();
    const mute = guardrail("mute", { operation: () => undefined as unknown as "allow" });
    await rig.follow({ ...policyOf(0, [mute]), version: "next" });
    await rig.gateway.settle(hold.id, { approve: true, by: lead });
    expect((await answer(client))[0]).toStartWith("error guardrail.failed");
    expect(received).toEqual([]);
  });

  test("nothing is sent before the approval is durable, nor when it cannot be", async () => {
    const { client, hold } = await held();
    rig.trail.stall = Promise.reject(new Error("disk"));
    rig.trail.stall.catch(() => {});
    await expect(rig.gateway.settle(hold.id, { approve: true, by: lead })).rejects.toThrow(
      "could not be recorded",
    );
    expect((await answer(client))[0]).toStartWith("error hold.abandoned");
    expect(received).toEqual([]);
  });
});

test("a batch is shown whole, and the approval binds to every value in it", async () => {
  rig = new Rig();
  const holds = new Holds(rig.trail, rig.supervision);
  const digests: string[] = [];
  for (const second of ["2", "3"]) {
    const operation = (value: string): Operation => ({
      text: "update t set a = $1",
      actions: [{ effect: "write", on: "t" }],
      parameters: { length: 1, at: () => value },
      inTransaction: false,
      policyVersion: "1",
    });
    const open = await holds.open(
      {
        session: "ses_1",
        identity: { issuer: "test", subject: "alice", kind: "person", groups: [] },
        resource: "box",
        operation: { ...operation("1"), batch: [operation(second)] },
        examined: unexamined,
        trailText: { text: "update t set a = $1" },
        keepParameters: true,
      },
      { by: group("leads"), within: 60_000, inTransaction: 1_000 },
    );
    expect(open.info.batch).toBe(2);
    expect(open.info.rest).toEqual([{ text: "update t set a = $1", parameters: [second] }]);
    digests.push(open.info.digest);
    open.end("cancelled");
  }
  expect(new Set(digests).size).toBe(2);
});

test("so many operations of one identity wait at most, and an end makes room", async () => {
  rig = new Rig();
  const holds = new Holds(rig.trail, rig.supervision);
  const open = (subject: string) =>
    holds.open(
      {
        session: "ses_1",
        identity: { issuer: "test", subject, kind: "person", groups: [] },
        resource: "box",
        operation: { text: "read", actions: [], inTransaction: false, policyVersion: "1" },
        examined: unexamined,
        trailText: { text: "read" },
        keepParameters: true,
      },
      { by: group("leads"), within: 60_000, inTransaction: 1_000 },
    );
  // All at once: those whose entries are not durable yet count as well.
  const tried = await Promise.allSettled(Array.from({ length: mostHolds + 20 }, () => open("alice")));
  const refused = tried.flatMap((each) => (each.status === "rejected" ? [each.reason.code] : []));
  expect(refused).toEqual(Array.from({ length: 20 }, () => "limit.holds"));
  const other = await open("bob");
  const [first] = tried.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  first?.end("cancelled");
  await first?.result;
  const next = await open("alice");
  expect(await open("alice").catch(({ code }) => code)).toBe("limit.holds");
  for (const each of [other, next]) each.end("cancelled");
});
