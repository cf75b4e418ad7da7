import { afterEach, describe, expect, test } from "bun:test";
import { Holds } from "./holds.ts";
import { write } from "./index.ts";
import type { Statement } from "./operation.ts";
import type { Policy } from "./policy.ts";
import { Session } from "./session.ts";
import { SessionGate } from "./session-gate.ts";
import { Rig } from "./testing/rig.ts";
import { answer, greeted, guardrail, policyOf, received, shouting } from "./testing/shelf.ts";

let rig: Rig;
afterEach(() => rig.stop());

/** Of one session of alice's on the box. */
function gateOf(policy: Policy): SessionGate {
  const identity = { issuer: "test", subject: "alice", kind: "person", groups: [] } as const;
  const start = { id: "ses_1", identity, resource: "box", protocol: "lines", remote: "test" };
  const tally = { value: 0 };
  const session = new Session(start, policy, [], rig.trail, new Map());
  session.follow(policy, []);
  return new SessionGate(session, {
    holds: new Holds(rig.trail, rig.supervision),
    allowed: tally,
    denied: tally,
    reached() {},
    failed() {},
  });
}

describe("audit before answer", () => {
  test("a write waits until its entry is durable, a read does not", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig)));
    const client = await greeted(rig);
    let flush = () => {};
    rig.trail.stall = new Promise((resolve) => {
      flush = resolve;
    });
    client.say("read shelf");
    expect(await answer(client)).toEqual(["READ SHELF"]);
    client.say("write shelf");
    await new Promise((resolve) => rig.trail.appended.once("operation", resolve));
    expect(received).toEqual(["read shelf"]);
    flush();
    expect(await client.lines.next()).toBe("go");
  });

  test("strict: a read's answer waits too", async () => {
    rig = new Rig({ strict: true });
    await rig.follow(policyOf(shouting(rig)));
    const client = await greeted(rig);
    let flush = () => {};
    rig.trail.stall = new Promise((resolve) => {
      flush = resolve;
    });
    client.say("read shelf");
    let early = true;
    const got = answer(client).then((lines) => {
      expect(early).toBe(false);
      return lines;
    });
    while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    early = false;
    flush();
    expect(await got).toEqual(["READ SHELF"]);
  });

  test("a refusal is recorded however many actions it has", async () => {
    rig = new Rig();
    const gate = gateOf(policyOf(0));
    const actions = Array.from({ length: 5_000 }, (_, at) => ({ effect: "delete" as const, on: `t${at}` }));
    const denial = gate.begin(gate.plan({ text: "all", actions }), { inTransaction: false });
    expect(denial).toMatchObject({ deny: { code: "policy.denied" } });
    expect(rig.trail.of("denied")[0]?.actions).toHaveLength(200);
    expect(rig.trail.of("denied")[0]?.moreActions).toBe(4_800);
  });

  test("what could not be told is said to the caller, and in the trail only where that keeps literals", () => {
    rig = new Rig();
    const statement: Statement = {
      text: "guess 'secret'",
      actions: [{ effect: "unknown", on: "*" }],
      unclear: () => "near 'secret'",
    };
    const redacting = { ...guardrail("record", {}), redact: (text: string) => text.replace("secret", "?") };
    for (const [guardrails, kept] of [
      [[], "unknown on * is not allowed on box for alice: near 'secret'"],
      [[redacting], "unknown on * is not allowed on box for alice"],
    ] as const) {
      const gate = gateOf({ ...policyOf(0), always: guardrails });
      expect(gate.begin(gate.plan(statement), { inTransaction: false })).toMatchObject({
        deny: { message: "unknown on * is not allowed on box for alice: near 'secret'" },
      });
      expect(rig.trail.of("denied").at(-1)?.reason.message).toBe(kept);
    }
  });

  test("a trail that takes nothing refuses the operation", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig)));
    const client = await greeted(rig);
    rig.trail.full = true;
    client.say("read shelf");
    expect((await answer(client))[0]).toStartWith("error trail.full");
    expect(received).toEqual([]);
    rig.trail.full = false;
    client.say("read shelf");
    expect(await answer(client)).toEqual(["READ SHELF"]);
  });
});

describe("reload", () => {
  test("a session follows the new policy from its next operation, or ends", async () => {
    rig = new Rig();
    const first = policyOf(shouting(rig));
    await rig.follow(first);
    const client = await greeted(rig);
    client.say("read shelf");
    await answer(client);
    const noReads = first.rules.map((rule) => ({ ...rule, may: [write("shelf")] }));
    await rig.follow({ ...first, version: "2", rules: noReads });
    client.say("read shelf");
    expect((await answer(client))[0]).toStartWith("error policy.denied");
    const closed = rig.event("closed");
    await rig.follow({ ...first, version: "3", rules: [] });
    expect(await client.lines.next()).toBe("goodbye policy.withdrawn");
    await closed;
  });

  test("a listener that cannot open leaves the old policy in force", async () => {
    rig = new Rig();
    const port = shouting(rig);
    const first = policyOf(port);
    await rig.follow(first);
    const blocked = { ...first, version: "2", listen: [{ ...first.listen[0]!, port }] };
    await expect(rig.follow(blocked)).rejects.toThrow("Cannot listen");
    const client = await greeted(rig);
    client.say("read shelf");
    expect(await answer(client)).toEqual(["READ SHELF"]);
  });
});
