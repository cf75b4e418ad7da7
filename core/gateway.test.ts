import { afterEach, describe, expect, test } from "bun:test";
import type { Guardrail, Watch } from "./guardrail.ts";
import { anyone, gateway, group, remove, write } from "./index.ts";
import type { HoldInfo } from "./supervision.ts";
import { documents } from "./testing/protocols/documents.ts";
import { lines } from "./testing/protocols/lines.ts";
import { type Client, namedIdentities, Rig } from "./testing/rig.ts";

let rig: Rig;
afterEach(() => rig.stop());

const received: string[] = [];

/** The backend answers every line by itself in capitals; `write` asks for data first. */
function shouting(): number {
  received.length = 0;
  let writing = false;
  return rig.backend((line, wire) => {
    received.push(line);
    if (writing) {
      if (line !== ".") return;
      writing = false;
      wire.write(Buffer.from("stored\n.\n"));
    } else if (line.startsWith("write")) {
      writing = true;
      wire.write(Buffer.from("go\n"));
    } else if (line.startsWith("read unasked")) {
      wire.write(Buffer.from("!secret news\nok\n.\n"));
    } else wire.write(Buffer.from(`${line.toUpperCase()}\n.\n`));
  });
}

function guardrail(name: string, watch: Watch): Guardrail<"text"> {
  return { name, needs: ["text"], open: () => watch };
}

const signOff = guardrail("sign-off", {
  prepare: () => "willHold",
  operation: () => ({ hold: { by: group("leads"), within: 60_000, inTransaction: 1_000 } }),
});

function policyOf(
  port: number,
  under: readonly Guardrail<"text">[] = [],
  always: readonly Guardrail<"text">[] = [],
) {
  return gateway({
    listen: { lines: { port: 0, insecure: true } },
    identity: [namedIdentities],
    always: [...always],
    resources: { box: lines({ port }), other: lines({ port }) },
    rules: [
      { name: "readers", who: anyone, on: "box", may: ["read", write("shelf")], under: [...under] },
      { name: "cleaners", who: group("cleaners"), on: "box", may: [remove("shelf")] },
    ],
  });
}

async function greeted(token = "alice:staff"): Promise<Client> {
  const client = await rig.connect(token, "box");
  expect(await client.lines.next()).toMatch(/^welcome ses_/);
  return client;
}

async function answer(client: Client): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const line = await client.lines.next();
    if (line === undefined || line === ".") return got;
    got.push(line);
    if (line.startsWith("error") || line.startsWith("goodbye")) return got;
  }
}

describe("lines: a protocol without frames", () => {
  test("what policy allows goes through and what it does not never reaches the resource", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting()));
    const client = await greeted();
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
    await rig.follow(policyOf(shouting()));
    const bad = await rig.connect("bad", "box");
    expect(await bad.lines.next()).toMatch(/^error identity.refused .*ref_/);
    const unknown = await rig.connect("alice", "attic");
    expect(await unknown.lines.next()).toStartWith("error resource.unknown");
    const shut = await rig.connect("alice", "other");
    expect(await shut.lines.next()).toStartWith("error policy.no-rule");
    expect(rig.trail.of("login-refused")[0]?.check).toBe("its name is bad");
    expect(rig.trail.of("connect-denied")).toHaveLength(1);
    expect(rig.trail.of("open")).toHaveLength(0);
  });

  test("a direction turn: the caller's data flows in the middle of an answer", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting()));
    const client = await greeted();
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
    await rig.follow(policyOf(shouting(), [hush]));
    const client = await greeted();
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
        return "allow";
      },
    });
    const policy = policyOf(shouting(), [broken]);
    await rig.follow({ ...policy, limits: { ...policy.limits, guardrail: 20 } });
    const client = await greeted();
    client.say("read bad");
    const [refusal] = await answer(client);
    expect(refusal).toStartWith("error guardrail.failed");
    expect(refusal).not.toContain("hunter2");
    client.say("read never");
    expect((await answer(client))[0]).toStartWith("error guardrail.timeout");
    expect(received).toEqual([]);
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
    await rig.follow(policyOf(shouting(), [broken]));
    const client = await greeted();
    const closed = rig.event("closed");
    client.say("read secret");
    const got = await answer(client);
    expect(got.join()).not.toContain("SECRET");
    await closed;
    expect(rig.trail.of("close")[0]?.reason.code).toBe("guardrail.failed");
  });
});

describe("holds", () => {
  async function held(token = "alice"): Promise<{ client: Client; hold: HoldInfo }> {
    rig = new Rig();
    await rig.follow(policyOf(shouting(), [signOff]));
    const client = await greeted(token);
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
    const { hold } = await held("alice:leads");
    const alice = { ...lead, subject: "alice" };
    expect((await rig.gateway.settle(hold.id, { approve: true, by: alice })).refused).toContain(
      "of their own",
    );
    const agent = { ...lead, subject: "agent", actingFor: alice };
    expect((await rig.gateway.settle(hold.id, { approve: true, by: agent })).refused).toContain(
      "of their own",
    );
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

describe("audit before answer", () => {
  test("a write waits until its entry is durable, a read does not", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting()));
    const client = await greeted();
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
    await rig.follow(policyOf(shouting()));
    const client = await greeted();
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

  test("a trail that takes nothing refuses the operation", async () => {
    rig = new Rig();
    await rig.follow(policyOf(shouting()));
    const client = await greeted();
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
    const first = policyOf(shouting());
    await rig.follow(first);
    const client = await greeted();
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
    const port = shouting();
    const first = policyOf(port);
    await rig.follow(first);
    const blocked = { ...first, version: "2", listen: [{ ...first.listen[0]!, port }] };
    await expect(rig.follow(blocked)).rejects.toThrow("Cannot listen");
    const client = await greeted();
    client.say("read shelf");
    expect(await answer(client)).toEqual(["READ SHELF"]);
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
