import { afterEach, expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { scramVerifier } from "./credential/scram.ts";
import { Endings } from "./endings.ts";
import { FrontDoor } from "./front-door.ts";
import { Declined } from "./identity/token-endpoint.ts";
import type { Identity } from "./identity.ts";
import { defaultLimits } from "./policy.ts";
import { RefusedLogins } from "./refused-logins.ts";
import type { Supervision } from "./supervision.ts";
import { MemoryTrail, Rig } from "./testing/rig.ts";
import { greeted, policyOf, shouting } from "./testing/shelf.ts";

let rig: Rig;
afterEach(() => rig.stop());

/** A gateway whose supervisor counts a failed login only when the test says so. */
async function counting(limits: { unauthenticated?: number; authenticate?: number } = {}) {
  rig = new Rig();
  const asked = Promise.withResolvers<string>();
  const counted = Promise.withResolvers<number>();
  rig.supervision.loginFailed = (remote) => {
    asked.resolve(remote);
    return counted.promise;
  };
  const policy = policyOf(shouting(rig));
  await rig.follow({ ...policy, limits: { ...policy.limits, ...limits } });
  return { asked: asked.promise, count: counted.resolve };
}

test("a refusal is held back, and a good login from the same address is not", async () => {
  const { asked, count } = await counting();
  const bad = await rig.connect("bad", "box");
  expect(await asked).toStartWith("127.0.0.1:");
  await greeted(rig);
  const refused = rig.trail.of("login-refused");
  expect(refused).toMatchObject([{ check: "its name is bad" }]);
  count(0);
  expect(await bad.lines.next()).toBe(
    `error identity.refused The credential was not accepted (${refused[0]?.id}).`,
  );
});

test("who does not wait for the refusal keeps the place all the same", async () => {
  const { asked, count } = await counting({ unauthenticated: 2 });
  const bad = await rig.connect("bad", "box");
  await asked;
  bad.wire.destroy();
  const next = await rig.connect("alice", "box");
  expect(await next.lines.next()).toStartWith("error limit.unauthenticated");
  count(0);
  for (;;) {
    const later = await rig.connect("alice", "box");
    if ((await later.lines.next())?.startsWith("welcome")) break;
  }
});

test("what is held back is not late", async () => {
  const { asked, count } = await counting({ authenticate: 20 });
  const bad = await rig.connect("bad", "box");
  await asked;
  await pause(60);
  count(0);
  expect(await bad.lines.next()).toStartWith("error identity.refused");
});

test("a chain of delegation without end is nobody's", async () => {
  await counting().then(({ count }) => count(0));
  const named = { issuer: "test", kind: "machine", groups: [] } as const;
  const chain = (length: number): Identity => ({
    ...{ ...named, subject: `agent-${length}` },
    ...(length > 1 ? { actingFor: chain(length - 1) } : {}),
  });
  const policy = policyOf(shouting(rig));
  const provider = {
    name: "chains",
    open: async () => ({ identify: async (token: string) => chain(+token) }),
  };
  await rig.follow({ ...policy, version: "2", identity: [provider] });
  expect(await (await rig.connect("9", "box")).lines.next()).toStartWith("welcome");
  expect(await (await rig.connect("10", "box")).lines.next()).toStartWith("error identity.refused");
  expect(rig.trail.of("login-refused")).toMatchObject([{ check: "10 identities act for one another" }]);
});

test("what was issued to somebody whom no provider of the policy vouches for any more is not accepted", async () => {
  rig = new Rig();
  const trail = new MemoryTrail();
  const identity: Identity = { issuer: "gone", subject: "alice", kind: "person", groups: [] };
  const verifier = await scramVerifier("canary");
  const supervision = {
    ...rig.supervision,
    credential: async (id: string) => ({ id, identity, verifier, expires: Date.now() + 60_000 }),
  };
  const doorFor = (issuer: string) =>
    new FrontDoor({ protocol: "rows", host: "", port: 0, insecure: true }, "192.0.2.1:1", {
      ...{ supervision, dataDir: "", endings: new Endings(), limits: defaultLimits },
      refusedLogins: new RefusedLogins(trail),
      providers: [{ identify: async () => undefined, vouchesFor: (other) => other.issuer === issuer }],
    });
  const credential = { kind: "verified", id: "pc_1" } as const;
  expect(await doorFor("gone").identify(credential)).toEqual(identity);
  await expect(doorFor("another").identify(credential)).rejects.toThrow("not accepted");
  expect(trail.of("login-refused")[0]?.check).toContain("no identity provider any more");
});

test("a login looks its credential up once; what has come of it meanwhile counts, and nobody else's look-up does", async () => {
  rig = new Rig();
  const identity: Identity = { issuer: "test", subject: "alice", kind: "person", groups: [] };
  const verifier = await scramVerifier("canary");
  const lookedUp: string[] = [];
  let refused: string | undefined;
  const supervision: Supervision = {
    ...rig.supervision,
    async credential(id) {
      lookedUp.push(id);
      return id === "pc_gone"
        ? undefined
        : { id, identity: { ...identity, subject: id }, verifier, expires: Date.now() + 60_000 };
    },
    credentialUsed: async () => refused,
  };
  const door = new FrontDoor({ protocol: "rows", host: "", port: 0, insecure: true }, "192.0.2.1:1", {
    ...{ supervision, dataDir: "", endings: new Endings(), limits: defaultLimits },
    refusedLogins: new RefusedLogins(new MemoryTrail()),
    providers: [{ identify: async () => undefined, vouchesFor: () => true }],
  });
  const comes = async (id: string) => (await door.identify({ kind: "verified", id })).subject;
  await door.verifier("pc_1");
  expect([await comes("pc_1"), lookedUp]).toEqual(["pc_1", ["pc_1"]]);
  expect([await comes("pc_1"), lookedUp]).toEqual(["pc_1", ["pc_1", "pc_1"]]);
  await door.verifier("pc_1");
  expect(await comes("pc_2")).toBe("pc_2");
  await door.verifier("pc_1");
  await door.verifier("pc_gone");
  await expect(comes("pc_gone")).rejects.toThrow("not accepted");
  await door.verifier("pc_1");
  refused = "revoked in the meantime";
  await expect(comes("pc_1")).rejects.toThrow("not accepted");
});

test("a sign-in by a browser elsewhere shows where, and is whoever its token proves", async () => {
  const trail = new MemoryTrail();
  const asked: AbortSignal[] = [];
  const waiting = Promise.withResolvers<{ token: string; obtained: number }>();
  const door = new FrontDoor({ protocol: "rows", host: "", port: 0, insecure: true }, "192.0.2.1:1", {
    supervision: { loginFailed: async () => 0 } as unknown as Supervision,
    ...{ dataDir: "", endings: new Endings(), limits: defaultLimits },
    refusedLogins: new RefusedLogins(trail),
    providers: [
      {
        identify: async (token) => ({ issuer: "idp", subject: token, kind: "person", groups: [] }),
        device: async () => ({
          ...{ where: "https://idp/device", userCode: "ABCD" },
          tokens: (signal) => {
            asked.push(signal);
            return waiting.promise;
          },
        }),
      },
    ],
  });
  const shown: string[] = [];
  const leaving = new AbortController();
  const signedIn = door.device?.(({ where, userCode }) => shown.push(where, userCode), leaving.signal);
  await Promise.resolve();
  // It is not the caller who dawdles.
  expect(door.waits).toBe(true);
  waiting.resolve({ token: "alice", obtained: 0 });
  expect(await signedIn).toMatchObject({ subject: "alice" });
  expect([shown, door.waits]).toEqual([["https://idp/device", "ABCD"], false]);
  leaving.abort();
  expect(asked[0]?.aborted).toBe(true);
});

test("a sign-in that the provider declines, or that its caller gives up, is a failed login", async () => {
  const trail = new MemoryTrail();
  const door = new FrontDoor({ protocol: "rows", host: "", port: 0, insecure: true }, "192.0.2.1:1", {
    supervision: { loginFailed: async () => 0 } as unknown as Supervision,
    ...{ dataDir: "", endings: new Endings(), limits: defaultLimits },
    refusedLogins: new RefusedLogins(trail),
    providers: [
      {
        identify: async () => undefined,
        device: () => Promise.reject(new Declined("access_denied", "she said no")),
      },
    ],
  });
  const never = new AbortController().signal;
  await expect(door.device?.(() => {}, never)).rejects.toThrow("not accepted");
  expect(trail.of("login-refused")[0]?.check).toBe("she said no");
});
