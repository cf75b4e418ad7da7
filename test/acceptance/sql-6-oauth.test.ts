import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { builtFlow, psqlByOauth, type SignIn } from "../clients/oauth.ts";
import { needs, testWith } from "../needs.ts";
import { fields, int32, type Message, message, RawClient, startup, text } from "../raw.ts";
import {
  audience,
  Browser,
  type OidcServer,
  publicClient,
  signInByCode,
  startOidc,
} from "../servers/oidc.ts";
import { entriesIn } from "../trail.ts";
import { OidcDoor } from "./oidc-door.ts";
import { openSecureDoor, type SecureDoor } from "./secure-door.ts";

const email = "select email from customers where id = 1";
const refusedWords = /The credential was not accepted \((ref_\w+)\)/;

describe("oauth: psql over libpq 18 signs in at the caller's identity provider", () => {
  const lacks = [needs.postgres18, needs.psql, needs.cc] as const;
  let provider: OidcServer;
  let other: OidcServer;
  let door: SecureDoor;
  let library: string;
  beforeAll(async () => {
    if (lacks.some((lack) => lack !== undefined)) return;
    [provider, other] = await Promise.all([startOidc(), startOidc()]);
    door = await openSecureDoor({
      version: 18,
      identity: `oidc({ issuer: "${provider.issuer}", audience: "${audience}", login: { clientId: "${publicClient}" } }),`,
      further: 'limits: { loginDelay: "1ms" },',
    });
    library = builtFlow(door.folder);
  });
  afterAll(async () => {
    await door?.close();
    await Promise.all([provider, other].map((each) => each?.stop()));
  });

  const asked = (sql: string, more: Partial<SignIn> = {}, connection = "") =>
    psqlByOauth(
      library,
      door.port,
      { ca: door.file("ca.crt"), issuer: provider.issuer, account: "alice", ...more },
      sql,
      connection,
    );
  const entries = () => entriesIn(door.file("data"));

  testWith(...lacks)("no password anywhere: who it is, the provider says; the policy masks", async () => {
    const { code, stdout, stderr } = await asked(email);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "****\n", stderr: "" });
    const opened = entries().findLast((entry) => entry.kind === "open");
    expect(opened).toMatchObject({
      identity: { issuer: provider.issuer, subject: "alice", groups: ["support"] },
    });
    expect(provider.requests).toContain("/device/auth");
    expect(entries().some((entry) => entry.kind === "login-refused")).toBe(false);
  });

  testWith(...lacks)(
    "the same where the client takes nothing but oauth, and by the discovery URL",
    async () => {
      const required = await asked(email, {}, "require_auth=oauth");
      expect([required.stdout, required.stderr]).toEqual(["****\n", ""]);
      // It asks the gateway for nothing then, so it must know itself what to ask the provider for.
      const url = `${provider.issuer}/.well-known/openid-configuration`;
      const told = await asked(email, { issuer: url }, "oauth_scope=openid");
      expect([told.stdout, told.stderr]).toEqual(["****\n", ""]);
      const direct = await asked(
        email,
        {},
        "sslnegotiation=direct min_protocol_version=3.2 max_protocol_version=latest",
      );
      expect([direct.stdout, direct.stderr]).toEqual(["****\n", ""]);
    },
  );

  testWith(...lacks)("whom no rule lets in, is told so", async () => {
    const { code, stderr } = await asked(email, { account: "bob" });
    expect(code).toBe(2);
    expect(stderr).toContain("FATAL:");
    expect(stderr).not.toMatch(refusedWords);
  });

  const expired = () =>
    provider.key.sign({
      ...{ iss: provider.issuer, aud: audience, sub: "alice", groups: ["support"] },
      ...{ iat: seconds() - 900, exp: seconds() - 300 },
    });
  const elsewhere = async () => (await signInByCode(other.issuer, new Browser("alice"))).access_token;
  for (const [name, token, check] of [
    ["a wrong token", async () => "not.a.token", /no identity provider/],
    ["an expired token", expired, /"exp"/],
    ["a token of another issuer", elsewhere, /no identity provider/],
  ] as const) {
    testWith(...lacks)(`${name}: psql shows an id, and by it the operator finds why`, async () => {
      const { code, stderr } = await asked(email, { flow: `echo ${await token()}` });
      expect(code).toBe(2);
      const [, id] = refusedWords.exec(stderr) ?? [];
      const entry = entries().find((each) => each.kind === "login-refused" && each.id === id);
      expect(entry).toMatchObject({ check: expect.stringMatching(check) });
    });
  }

  testWith(...lacks)(
    "a client that trusts another provider than the gateway's does not go there",
    async () => {
      const before = other.requests.length;
      const { code, stderr } = await asked(email, { issuer: other.issuer });
      expect(code).toBe(2);
      expect(stderr).toContain("is incompatible with oauth_issuer");
      expect(other.requests).toHaveLength(before);
    },
  );

  testWith(...lacks)("in clear the gateway asks for no token", async () => {
    const { stderr } = await asked(email, {}, "sslmode=disable");
    expect(stderr).toContain("A credential may not cross this connection in clear.");
  });
});

describe("oauth: on the wire (RFC 7628)", () => {
  let door: OidcDoor;
  let good: string;
  let callers = 0;
  beforeAll(async () => {
    if (needs.postgres15) return;
    door = await OidcDoor.open();
    good = (await signInByCode(door.provider.issuer, new Browser("alice"))).access_token;
  });
  afterAll(() => door?.close());

  const kvsep = Buffer.of(1);
  const bearer = (auth: string) => Buffer.from(`n,,\x01auth=${auth}\x01\x01`);
  const initial = (data: Buffer, mechanism = "OAUTHBEARER") =>
    message("p", text(mechanism), int32(data.length), data);
  const names = (messages: readonly Message[]) =>
    messages.map(({ type, body }) => (type === "R" ? `R${body.readInt32BE(0)}` : type)).join(" ");

  /** What comes back, up to the first ReadyForQuery or the end. */
  async function exchange(parts: readonly Buffer[], from = `127.0.2.${++callers}`): Promise<Message[]> {
    const client = await RawClient.connect(door.gateway.port, from);
    client.send(startup({ user: "oauth", database: "shop" }), ...parts);
    const messages = await client.until("Z");
    client.close();
    return messages;
  }

  async function failedLogins(): Promise<Record<string, number>> {
    const unix = join(door.folder, "data", "control.sock");
    const metrics = await (await fetch("http://gateway/metrics", { unix })).text();
    const counts = metrics.matchAll(/^postern_logins_failed_total\{slowed="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...counts].map(([, slowed, count]) => [slowed, Number(count)]));
  }

  testWith(needs.postgres15)("a token lets in, with no message between it and AuthenticationOk", async () => {
    const messages = await exchange([initial(bearer(`Bearer ${good}`))]);
    expect(names(messages)).toMatch(/^R10 R0 (S )+K Z$/);
    expect(messages[0]?.body.subarray(4).toString()).toBe("OAUTHBEARER\0\0");
  });

  testWith(needs.postgres15)("who has none is told where to get it; that is no failed login", async () => {
    const before = await failedLogins();
    const messages = await exchange([initial(bearer("")), message("p", kvsep)]);
    expect(names(messages)).toBe("R10 R11 E");
    expect(JSON.parse(messages[1]?.body.subarray(4).toString() ?? "")).toEqual({
      status: "invalid_token",
      "openid-configuration": `${door.provider.issuer}/.well-known/openid-configuration`,
      scope: "openid profile email",
    });
    expect(messages[2] && fields(messages[2])).toMatchObject({ S: "FATAL", C: "28000" });
    expect(await failedLogins()).toEqual(before);
    expect(door.entries("login-refused")).toHaveLength(0);
  });

  testWith(needs.postgres15)("what is no such message is refused, and shown to no provider", async () => {
    const before = await failedLogins();
    const token = `Bearer ${good}`;
    for (const answer of [
      initial(Buffer.from("n,,")),
      initial(bearer(`Basic ${good}`)),
      initial(Buffer.from(`n,a=root,\x01auth=${token}\x01\x01`)),
      initial(Buffer.from(`n,,\x01auth=${token}\x01auth=${token}\x01\x01`)),
      initial(Buffer.from(`n,,\x01auth=${token}\0\x01\x01`)),
      initial(bearer(token), "SCRAM-SHA-256"),
      message("p", text(good)),
      message("p", text("OAUTHBEARER"), int32(1 << 30), bearer(token)),
      message("p", text("OAUTHBEARER"), int32(-2 >>> 0), bearer(token)),
      initial(bearer(`Bearer ${"x".repeat(70_000)}`)),
    ]) {
      const messages = await exchange([answer]);
      expect(names(messages)).toBe("R10 E");
      expect(messages[1] && fields(messages[1])).toMatchObject({ S: "FATAL", C: "08P01" });
      expect(messages[1]?.body.toString()).not.toContain(good.slice(0, 20));
    }
    expect(await failedLogins()).toEqual(before);
  });

  testWith(needs.postgres15)("who fails again and again waits, as by any other login", async () => {
    const before = await failedLogins();
    for (let times = 0; times < 7; times++) {
      const messages = await exchange(
        [initial(bearer("Bearer not.a.token")), message("p", kvsep)],
        "127.0.3.1",
      );
      expect(names(messages)).toBe("R10 R11 E");
      expect(messages[2] && fields(messages[2])).toMatchObject({ S: "FATAL", C: "28P01" });
    }
    const { yes = 0, no = 0 } = await failedLogins();
    expect([yes - (before.yes ?? 0), no - (before.no ?? 0)]).toEqual([2, 5]);
  });
});

const seconds = () => Math.floor(Date.now() / 1000);
