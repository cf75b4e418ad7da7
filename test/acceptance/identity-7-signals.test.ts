import { afterAll, beforeAll, describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { measured, needs, testWith } from "../needs.ts";
import { query, type RawClient } from "../raw.ts";
import { type LibsqlServer, startLibsql } from "../servers/libsql.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { type Claims, EndingsDoor, issuer } from "./endings-door.ts";
import { schema } from "./people.ts";

const sleeping = query("select repeat('x', 20000); select pg_sleep(60)");
const web = "web: { port: 0, insecure: true },";
const fresh = (claims: Claims): Claims => ({ ...claims, issuedAt: Date.now() + 1 });

/** A session that waits for its server. */
async function asleep(door: EndingsDoor, who: Claims): Promise<RawClient> {
  const client = await door.login(who);
  client.send(sleeping);
  await client.until("T");
  return client;
}

describe("when somebody else says that it ends", () => {
  let server: PostgresServer;
  let transmitter: Awaited<ReturnType<typeof openTransmitter>>;
  const open: EndingsDoor[] = [];
  beforeAll(async () => {
    if (needs.postgres18) return;
    server = await startPostgres({ version: 18 });
    await server.sql(schema);
    transmitter = await openTransmitter();
  }, 60_000);
  afterAll(async () => {
    for (const door of open) await door.close();
    await transmitter?.close();
    await server?.close();
  });
  async function start(options: Partial<ConstructorParameters<typeof EndingsDoor>[0]>): Promise<EndingsDoor> {
    const door = new EndingsDoor({ server, ...options });
    open.push(door);
    await door.gateway.start();
    return door;
  }

  testWith(needs.postgres18)(
    "a SCIM deactivation ends what runs and lets nobody in, until SCIM activates again",
    async () => {
      const door = await start({
        workers: 2,
        more: `${web} signals: [scim({ token: env("SCIM_TOKEN"), issuer: "${issuer}" })],`,
        environment: { SCIM_TOKEN: "canary-scim" },
      });
      const scim = async (method: string, path: string, body: object) => {
        const answer = await fetch(`${door.web}/signals/scim${path}`, {
          method,
          headers: { authorization: "Bearer canary-scim", "content-type": "application/scim+json" },
          body: JSON.stringify(body),
        });
        return { status: answer.status, body: (await answer.json()) as { id: string } };
      };
      const alice = { subject: "alice" };
      const { body } = await scim("POST", "/Users", { userName: "alice" });
      const clients = [await asleep(door, alice), await asleep(door, alice)];
      const bob = await asleep(door, { subject: "bob" });
      const patch = (active: string) =>
        scim("PATCH", `/Users/${body.id}`, {
          Operations: [{ op: "Replace", path: "active", value: active }],
        });
      const began = performance.now();
      expect((await patch("False")).status).toBe(200);
      for (const client of clients) {
        expect(await door.lastWord(client)).toMatchObject({
          S: "FATAL",
          C: "57P01",
          D: expect.stringContaining("access.deactivated"),
        });
      }
      measured(`running statements read why ${Math.round(performance.now() - began)} ms after a SCIM PATCH`);
      expect(await door.refusal(fresh(alice))).toBe("28P01");
      expect(await door.json<unknown[]>("sessions", "list")).toHaveLength(1);
      bob.close();
      await patch("True");
      expect(await door.refusal(fresh(alice))).toBeUndefined();
      const stranger = await fetch(`${door.web}/signals/scim/Users`, {
        headers: { authorization: "Bearer x" },
      });
      expect(stranger.status).toBe(401);
      expect(JSON.stringify(door.entries("login-refused"))).toContain("the bearer token is another one");
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "a CAEP session-revoked event ends what runs; a token from before is refused, a new one is not",
    async () => {
      const more = `caep({ issuer: "${transmitter.issuer}", audience: "postern", of: "${issuer}" })`;
      const door = await start({ more: `${web} signals: [${more}],` });
      const client = await asleep(door, { subject: "alice" });
      const began = performance.now();
      const answer = await fetch(`${door.web}/signals/caep`, {
        method: "POST",
        headers: { "content-type": "application/secevent+jwt" },
        body: await transmitter.revoked("alice"),
      });
      expect(answer.status).toBe(202);
      expect(await door.lastWord(client)).toMatchObject({
        S: "FATAL",
        C: "57P01",
        D: expect.stringContaining("access.revoked"),
      });
      measured(
        `a running statement reads why ${Math.round(performance.now() - began)} ms after a CAEP event`,
      );
      expect(await door.refusal({ subject: "alice" })).toBe("28P01");
      expect(await door.refusal(fresh({ subject: "alice" }))).toBeUndefined();
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "a person whose provider takes its word back, an agent for whom a machine's token ends, a rule that is gone",
    async () => {
      const door = await start({ revalidate: 100 });
      const [alice, bob] = [await asleep(door, { subject: "alice" }), await asleep(door, { subject: "bob" })];
      writeFileSync(join(door.folder, "gone-alice"), "");
      expect(await door.lastWord(alice)).toMatchObject({
        C: "57P01",
        D: expect.stringContaining("session.revalidation"),
      });
      const machine = {
        issuer,
        subject: "runner",
        kind: "machine",
        groups: ["staff"],
        expires: Date.now() + 1500,
      } as const;
      const agent = await asleep(door, { subject: "carol", actingFor: machine });
      expect(await door.lastWord(agent)).toMatchObject({
        C: "57P01",
        D: expect.stringContaining("session.token-expired"),
      });
      const idle = await door.login({ subject: "dora" });
      const held = await door.login({ subject: "erin" });
      held.send(query("update customers set city = 'held' where id = 2"));
      await held.until("N");
      door.rewrite((policy) => policy.replaceAll('group("staff")', 'group("nobody")'));
      for (const client of [bob, idle, held]) {
        expect(await door.lastWord(client)).toMatchObject({
          C: "57P01",
          D: expect.stringContaining("policy.withdrawn"),
        });
      }
    },
    60_000,
  );

  testWith(needs.postgres18, needs.libsql)(
    "what one gateway ends, ends on the other gateway of its store; what it lifts is lifted there",
    async () => {
      const store: LibsqlServer = await startLibsql();
      try {
        const more = `store: { url: "${store.url}", token: env("STORE_TOKEN") },`;
        const options = { more, environment: { STORE_TOKEN: store.token } };
        const [one, other] = [await start(options), await start(options)];
        const client = await asleep(other, { subject: "alice" });
        const began = performance.now();
        const { sessions } = await one.json<{ sessions: unknown[] }>("revoke", "alice", "--block");
        expect(sessions).toEqual([]);
        expect(await other.lastWord(client)).toMatchObject({ S: "FATAL", C: "57P01" });
        measured(`the other gateway's caller reads why ${Math.round(performance.now() - began)} ms after`);
        expect(await other.refusal(fresh({ subject: "alice" }))).toBe("28P01");
        expect(other.entries("access-ended")).toMatchObject([{ of: { subject: "alice" } }]);
        await one.json("revoke", "alice", "--lift");
        await other.until(
          "it is lifted there",
          async () => !(await other.refusal(fresh({ subject: "alice" }))),
        );
        await one.json("revoke", "bob", "--block");
        const third = await start(options);
        expect(await third.refusal(fresh({ subject: "bob" }))).toBe("28P01");
      } finally {
        await store.close();
      }
    },
    60_000,
  );
});

/** Who signs security events, and shows its key. */
async function openTransmitter() {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }];
  let issued = "";
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: ({ url }) =>
      Response.json(url.endsWith("/jwks") ? { keys } : { issuer: issued, jwks_uri: `${issued}/jwks` }),
  });
  issued = `http://127.0.0.1:${server.port}`;
  return {
    issuer: issued,
    revoked: (subject: string) =>
      new SignJWT({
        ...{ iss: issued, aud: "postern", jti: crypto.randomUUID() },
        sub_id: { format: "iss_sub", iss: issuer, sub: subject },
        events: { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
      })
        .setIssuedAt()
        .setProtectedHeader({ alg: "ES256", kid: "k1", typ: "secevent+jwt" })
        .sign(privateKey),
    close: () => server.stop(true),
  };
}
