import { afterEach, describe, expect, test } from "bun:test";
import type { Guardrail } from "./guardrail.ts";
import { vouchedFor } from "./identity/providers.ts";
import type { IdentityProvider } from "./identity.ts";
import { anyone, gateway } from "./index.ts";
import { documents } from "./testing/protocols/documents.ts";
import { namedIdentities, Rig } from "./testing/rig.ts";
import { answer, greeted, guardrail, policyOf, received, shouting } from "./testing/shelf.ts";

let rig: Rig;
afterEach(() => rig.stop());

describe("lines: a protocol without frames", () => {
  test("what policy allows goes through and what it does not never reaches the resource", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig)));
    const client = await greeted(rig);
    client.say("read shelf");
    expect(await answer(client)).toEqual(["READ SHELF"]);
    client.say("delete shelf");
    expect((await answer(client))[0]).toStartWith("error policy.denied");
    client.say("explode everything");
    expect((await answer(client))[0]).toStartWith("error policy.denied");
    client.say("read again");
    expect(await answer(client)).toEqual(["READ AGAIN"]);
    expect(received).toEqual(["read shelf", "read again"]);
    const closed = rig.event("closed");
    client.wire.end();
    await closed;
    expect(rig.trail.entries.map((entry) => entry.kind)).toEqual([
      "open",
      "operation",
      "outcome",
      "denied",
      "denied",
      "operation",
      "outcome",
      "close",
    ]);
    expect(rig.trail.of("operation")[0]?.rules).toEqual(["readers"]);
    expect(rig.trail.of("close")[0]?.operations).toBe(4);
  });

  test("a bad token, an unknown resource and one without a rule are refused in the protocol's words", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig)));
    const bad = await rig.connect("bad", "box");
    expect(await bad.lines.next()).toMatch(/^error identity.refused .*ref_/);
    const unknown = await rig.connect("alice", "attic");
    expect(await unknown.lines.next()).toStartWith("error resource.unknown");
    const shut = await rig.connect("alice", "other");
    expect(await shut.lines.next()).toStartWith("error policy.no-rule");
    expect(rig.trail.of("login-refused")[0]?.check).toBe("its name is bad");
    expect(rig.trail.of("connect-denied").map((entry) => entry.reason.code)).toEqual([
      "resource.unknown",
      "policy.no-rule",
    ]);
    expect(rig.trail.of("open")).toHaveLength(0);
  });

  test("whom no provider of a new policy vouches for is out", async () => {
    rig = new Rig();
    const providers = (mine: string): IdentityProvider[] => [
      {
        name: mine,
        open: async () => ({
          ...(await namedIdentities.open({ dataDir: "", loopbackOnly: true })),
          vouchesFor: ({ issuer }) => issuer === mine,
        }),
      },
    ];
    const policy = policyOf(shouting(rig));
    await rig.follow({ ...policy, identity: providers("test") });
    await greeted(rig);
    const closed = rig.event("closed");
    await rig.follow({ ...policy, version: "2", identity: providers("another") });
    await closed;
    expect(rig.trail.of("close")[0]?.reason).toMatchObject({ code: "policy.withdrawn" });
    const identity = { issuer: "test", subject: "alice", kind: "person", groups: [] } as const;
    const agent = { ...identity, issuer: "another", subject: "agent-7", actingFor: identity };
    const open = await Promise.all(
      providers("another").map((one) => one.open({ dataDir: "", loopbackOnly: true })),
    );
    expect([identity, agent].map((one) => vouchedFor(open, one))).toEqual([false, false]);
    expect(vouchedFor(open, { ...identity, actingFor: { ...identity, issuer: "another" } })).toBe(true);
  });

  test("an identity provider that never answers keeps nobody waiting longer than they may take themselves", async () => {
    rig = new Rig();
    const never: IdentityProvider = {
      name: "never",
      open: async () => ({ identify: () => new Promise(() => {}) }),
    };
    const policy = policyOf(shouting(rig));
    await rig.follow({ ...policy, identity: [never], limits: { ...policy.limits, authenticate: 20 } });
    const client = await rig.connect("alice", "box");
    expect(await client.lines.next()).toStartWith("error wire.timeout");
    expect(await client.lines.next()).toBeUndefined();
  });

  test("only so many may be at the door without having said who they are", async () => {
    rig = new Rig();
    const policy = policyOf(shouting(rig));
    await rig.follow({ ...policy, limits: { ...policy.limits, unauthenticated: 1 } });
    await rig.dial();
    const second = await rig.connect("alice", "box");
    expect(await second.lines.next()).toStartWith("error limit.unauthenticated");
    await rig.follow({ ...policy, version: "2", limits: { ...policy.limits, unauthenticated: 3 } });
    const third = await rig.connect("alice", "box");
    expect(await third.lines.next()).toStartWith("welcome");
  });

  test("a direction turn: the caller's data flows in the middle of an answer", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig)));
    const client = await greeted(rig);
    client.say("write shelf");
    expect(await client.lines.next()).toBe("go");
    for (const line of ["a", "delete shelf", "."]) client.say(line);
    expect(await answer(client)).toEqual(["stored"]);
    expect(received).toEqual(["write shelf", "a", "delete shelf", "."]);
  });

  test("nobody's answers are shown to nobody: text goes through a mask, unasked text too", async () => {
    rig = new Rig();
    const hush = guardrail("hush", {
      answer: () => ({ text: (_, text) => text.replaceAll(/secret/gi, "******") }),
      unasked: () => ({ text: (_, text) => text.replaceAll("secret", "******") }),
    });
    await rig.follow(policyOf(shouting(rig), [hush]));
    const client = await greeted(rig);
    client.say("read secret");
    expect(await answer(client)).toEqual(["READ ******"]);
    client.say("read unasked");
    expect(await answer(client)).toEqual(["!****** news", "ok"]);
  });

  test("a guardrail that throws ends the operation as denied; one that never answers too", async () => {
    rig = new Rig();
    const broken = guardrail("broken", {
      operation(operation) {
        if (operation.text.includes("never")) return new Promise(() => {});
        if (operation.text.includes("bad")) throw new Error("a value: hunter2");
        if (operation.text.includes("nothing")) return undefined as never;
        if (operation.text.includes("late")) return Promise.resolve("yes" as never);
        return "allow";
      },
    });
    const policy = policyOf(shouting(rig), [broken]);
    await rig.follow({ ...policy, limits: { ...policy.limits, guardrail: 20 } });
    const client = await greeted(rig);
    client.say("read bad");
    const [refusal] = await answer(client);
    expect(refusal).toStartWith("error guardrail.failed");
    expect(refusal).not.toContain("hunter2");
    client.say("read never");
    expect((await answer(client))[0]).toStartWith("error guardrail.timeout");
    for (const noVerdict of ["read nothing", "read late"]) {
      client.say(noVerdict);
      expect((await answer(client))[0]).toStartWith("error guardrail.failed");
    }
    expect(received).toEqual([]);
  });

  test("a guardrail whose word on a text is none of the known ones denies it", async () => {
    for (const word of [undefined, null, "willhold", {}]) {
      rig = new Rig();
      const odd = guardrail("odd", { prepare: () => word as unknown as "allow" });
      await rig.follow(policyOf(shouting(rig), [odd]));
      const client = await greeted(rig);
      client.say("read shelf");
      expect((await answer(client))[0]).toStartWith("error guardrail.failed");
      expect(received).toEqual([]);
      await rig.stop();
    }
  });

  test("a guardrail that throws at an answer withholds it and ends the session", async () => {
    rig = new Rig();
    const broken = guardrail("broken", {
      answer: () => ({
        text() {
          throw new Error("oops");
        },
      }),
    });
    await rig.follow(policyOf(shouting(rig), [broken]));
    const client = await greeted(rig);
    const closed = rig.event("closed");
    client.say("read secret");
    const got = await answer(client);
    expect(got.join()).not.toContain("SECRET");
    await closed;
    expect(rig.trail.of("close")[0]?.reason.code).toBe("guardrail.failed");
  });
});

test("documents: a guardrail changes the value, not the bytes", async () => {
  rig = new Rig();
  const port = rig.backend((_, wire) => void wire.write(Buffer.from('{"email":"a@b.example","n":1}\n')));
  const mask: Guardrail<"document"> = {
    name: "mask",
    needs: ["document"],
    open: () => ({ answer: () => ({ document: (_, value) => ({ ...(value as object), email: null }) }) }),
  };
  await rig.follow(
    gateway({
      listen: { documents: { port: 0, insecure: true } },
      identity: [namedIdentities],
      resources: { api: documents({ port }) },
      rules: [{ who: anyone, on: "api", may: ["read"], under: [mask] }],
    }),
  );
  const client = await rig.connect("alice", "api");
  expect(await client.lines.next()).toContain("welcome");
  client.say('{"effect":"read","on":"users"}');
  expect(JSON.parse((await client.lines.next()) ?? "")).toEqual({ email: null, n: 1 });
  client.say('{"effect":"delete","on":"users"}');
  expect(await client.lines.next()).toContain("policy.denied");
  client.say("not json");
  expect(await client.lines.next()).toContain("policy.denied");
});
