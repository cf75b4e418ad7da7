import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scramVerifier } from "../credential/scram.ts";
import type { EndingWish } from "../ending.ts";
import type { Grant } from "../grant.ts";
import type { Identity } from "../identity.ts";
import { createLog } from "../log.ts";
import { provider, resource, somebody } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import { openStore } from "../store/store.ts";
import { group } from "../who.ts";
import { Issued } from "./issued.ts";

const orders = resource("rows", "operation");
const policy = gateway({
  listen: {},
  identity: [provider],
  resources: { orders, logs: orders },
  rules: [
    { who: group("support"), on: "logs", may: ["read"] },
    {
      name: "asked",
      who: group("support"),
      on: "orders",
      may: ["read"],
      grant: { by: group("leads"), upTo: "2h" },
    },
  ],
});
const ada = somebody("ada", "support");
const agent: Identity = { ...somebody("agent-7", "support"), kind: "machine", actingFor: ada };
const bo = somebody("bo", "support");

const folder = mkdtempSync(join(tmpdir(), "postern-issued-"));
const store = await openStore({ dataDir: folder, log: createLog({ level: "silent" }) });
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});
let grants: Grant[] = [];
const admin: string[][] = [];
const ended: EndingWish[] = [];
const rested: [credential: string, on: Identity][] = [];
beforeEach(() => {
  grants = [];
  admin.length = 0;
  ended.length = 0;
  rested.length = 0;
});
const issued = new Issued({
  store,
  policy: () => policy,
  grants: () => grants,
  admin: async (...entry) => void admin.push(entry),
  end: async (wish) => void ended.push(wish),
  rests: (...proof) => void rested.push(proof),
});
const ttl = 600_000;

function grant(id: string, lasts: number, identity: Identity, on = "orders"): Grant {
  const now = Date.now();
  return {
    ...{ id, request: "req_1", identity, resource: on, rules: ["asked"], by: [bo], breakGlass: false },
    ...{ from: now - 1_000, until: now + lasts },
  };
}

test("what comes out fits the verifier in the store, and the trail names the whole chain", async () => {
  const { issued: one, password } = await issued.issue(agent, { resource: "logs", ttl, once: true });
  const kept = await store.call("credential", one.id);
  expect(rested).toEqual([[one.id, agent]]);
  expect(kept?.identity).toMatchObject({
    subject: "agent-7",
    actingFor: { subject: "ada" },
    resource: "logs",
  });
  const { salt, storedKey } = await scramVerifier(password, kept?.verifier.salt);
  expect([salt, storedKey].map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
    [kept?.verifier.salt, kept?.verifier.storedKey].map((bytes) => Buffer.from(bytes ?? []).toString("hex")),
  );
  expect(admin).toEqual([["credential-issue", "test agent-7 for test ada", one.id]]);
});

test("where a grant alone lets somebody in, the credential ends with the longest that does", async () => {
  grants = [
    grant("grant_short", 60_000, ada),
    grant("grant_long", 120_000, ada),
    grant("grant_other", 300_000, bo),
    grant("grant_elsewhere", 300_000, ada, "logs"),
  ];
  const { issued: bound } = await issued.issue(ada, { resource: "orders", ttl });
  expect([bound.grant, bound.expires]).toEqual(["grant_long", grants[1]!.until]);
  expect(bound.identity.expires).toBe(bound.expires);
  const { issued: free } = await issued.issue(ada, { resource: "logs", ttl });
  expect(free.grant).toBeUndefined();
  expect(free.expires).toBeGreaterThan(Date.now() + ttl - 5_000);
});

test("a grant to oneself is none to who acts for one", async () => {
  grants = [grant("grant_ada", 60_000, ada)];
  const { issued: one } = await issued.issue(agent, { resource: "orders", ttl });
  expect(one.grant).toBeUndefined();
});

test("the end of the grant is the end of the credential, whatever its own time", async () => {
  grants = [grant("grant_ended", 60_000, ada)];
  const { issued: one } = await issued.issue(ada, { resource: "orders", ttl });
  expect(await store.call("credential", one.id)).toBeDefined();
  await store.call("endGrant", "grant_ended");
  expect(await store.call("credential", one.id)).toBeUndefined();
});

test("nobody lists or revokes what is another's; whoever is acted for may", async () => {
  const mine = await issued.issue(ada, { ttl });
  const agents = await issued.issue(agent, { ttl });
  const ids = async (of: Identity | undefined) => (await issued.list(of, false)).map(({ id }) => id);
  expect(await ids(ada)).toEqual(expect.arrayContaining([mine.issued.id, agents.issued.id]));
  expect(await ids(agent)).not.toContain(mine.issued.id);
  expect(await ids({ ...agent, actingFor: bo })).toEqual([]);
  expect(await ids(bo)).toEqual([]);
  expect(await ids({ ...ada, issuer: "another" })).toEqual([]);
  expect(await ids(undefined)).toContain(mine.issued.id);
  for (const stranger of [bo, agent]) {
    // Not with `rejects`: it blocks this thread, and so the answer of the store's.
    const refused = await issued.revoke(mine.issued.id, stranger, "operator").catch((error) => error);
    expect(refused).toMatchObject({ code: "credential.unknown" });
  }
  expect(ended).toEqual([]);
  await issued.revoke(agents.issued.id, ada, "operator");
  await issued.revoke(mine.issued.id, undefined, "operator");
  expect(ended.map(({ of, by }) => [of, by])).toEqual([
    [{ kind: "credential", id: agents.issued.id }, "test ada"],
    [{ kind: "credential", id: mine.issued.id }, "operator"],
  ]);
});

test("a list holds nothing to check a proof by, and what is over only when asked", async () => {
  const { issued: one } = await issued.issue(bo, { ttl, once: true, from: "10.0.0.0/8" });
  expect(await store.call("credentialUsed", one.id)).toBeUndefined();
  expect(await issued.list(bo, false)).toEqual([]);
  const [shown] = await issued.list(bo, true);
  expect(shown).toMatchObject({ id: one.id, once: true, from: "10.0.0.0/8", usedAt: expect.any(Number) });
  expect(Object.keys(shown ?? {}).sort()).toEqual(
    ["id", "identity", "issuedAt", "expires", "once", "from", "usedAt"].sort(),
  );
});

test("whom no rule lets use it, now or with a grant, gets no credential for it", async () => {
  const stranger = somebody("stranger");
  for (const wish of [{ ttl }, { ttl, resource: "logs" }, { ttl, resource: "orders" }]) {
    await expect(issued.issue(stranger, wish)).rejects.toMatchObject({ code: "policy.no-rule" });
  }
  expect([admin, await store.call("credentials", { all: true, limit: 10, about: ["stranger"] })]).toEqual([
    [],
    [],
  ]);
  expect((await issued.issue(bo, { ttl, resource: "orders" })).issued.id).toStartWith("pc_");
});

test("what there is not, is no resource", async () => {
  for (const name of ["nothing", "__proto__", "toString"]) {
    const asked = issued.issue(ada, { resource: name, ttl });
    await expect(asked).rejects.toMatchObject({ code: "credential.resource" });
  }
});
