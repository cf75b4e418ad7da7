import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHmac } from "node:crypto";
import { needs, testWith } from "../needs.ts";
import { fields, message, RawClient, startup, text } from "../raw.ts";
import { audience, Browser, type ProviderKey, providerKey, signInByCode } from "../servers/oidc.ts";
import { OidcDoor } from "./oidc-door.ts";

const seconds = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const raw = (json: string) => Buffer.from(json).toString("base64url");

/** A token that is good but for one thing, which the trail must name. */
interface Attack {
  token(its: { key: ProviderKey; own: ProviderKey; claims: Claims; trap: string }): string | Promise<string>;
  readonly check: RegExp;
}
type Claims = (more?: Record<string, unknown>) => Record<string, unknown>;

const attacks: Readonly<Record<string, Attack>> = {
  "alg none": {
    token: ({ key, claims }) => `${part({ alg: "none", kid: key.kid })}.${part(claims())}.`,
    check: /alg/i,
  },
  "HS256 signed with the public key": {
    token({ key, claims }) {
      const signed = `${part({ alg: "HS256", kid: key.kid })}.${part(claims())}`;
      const secret = key.publicKey.export({ type: "spki", format: "pem" });
      return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    },
    check: /alg/i,
  },
  "kid that is a path": {
    token: ({ own, claims }) => own.sign(claims(), { kid: "../../../../dev/null" }),
    check: /no applicable key/,
  },
  "kid that is SQL": {
    token: ({ own, claims }) => own.sign(claims(), { kid: "x' UNION SELECT 'secret' --" }),
    check: /no applicable key/,
  },
  "kid that is huge": {
    token: ({ own, claims }) => own.sign(claims(), { kid: "k".repeat(8_000) }),
    check: /no applicable key/,
  },
  jku: {
    token: ({ own, claims, trap }) => own.sign(claims(), { jku: trap }),
    check: /signature.*jku/,
  },
  x5u: {
    token: ({ own, claims, trap }) => own.sign(claims(), { x5u: trap }),
    check: /signature.*x5u/,
  },
  x5c: {
    token: ({ own, claims }) => own.sign(claims(), { x5c: ["MIIB"] }),
    check: /signature.*x5c/,
  },
  jwk: {
    token({ own, claims }) {
      const { kty, n, e } = own.jwk;
      return own.sign(claims(), { jwk: { kty, n, e } });
    },
    check: /signature.*jwk/,
  },
  "wrong audience": { token: ({ key, claims }) => key.sign(claims({ aud: "urn:else" })), check: /"aud"/ },
  "wrong issuer": {
    token: ({ key, claims }) => key.sign(claims({ iss: "https://else.example" })),
    check: /no identity provider knows/,
  },
  "future nbf": { token: ({ key, claims }) => key.sign(claims({ nbf: seconds() + 300 })), check: /"nbf"/ },
  expired: { token: ({ key, claims }) => key.sign(claims({ exp: seconds() - 300 })), check: /"exp"/ },
  "no exp": { token: ({ key, claims }) => key.sign(claims({ exp: undefined })), check: /"exp"/ },
  "a claim twice": {
    token: ({ key, claims }) => key.signText(JSON.stringify(claims()).replace(/}$/, ',"sub":"root"}')),
    check: /says "sub" twice/,
  },
  "a nested claim twice": {
    token: ({ key, claims }) =>
      key.signText(JSON.stringify(claims()).replace(/}$/, ',"act":{"sub":"a","sub":"b"}}')),
    check: /says "sub" twice/,
  },
  "a header twice": {
    token: ({ key, claims }) =>
      `${raw(`{"alg":"RS256","alg":"RS256","kid":"${key.kid}"}`)}.${part(claims())}.x`,
    check: /header.*says "alg" twice/,
  },
  "60 KB": {
    token: ({ key, claims }) => key.sign(claims({ pad: "x".repeat(40_000) })),
    check: /the limit is 16384|too long/,
  },
  "an unknown critical header": {
    token: ({ key, claims }) => key.sign(claims(), { crit: ["urn:known"], "urn:known": true }),
    check: /urn:known/,
  },
  "an ID token": {
    token: ({ key, claims }) => key.sign(claims({ nonce: "n" }), { typ: "JWT" }),
    check: /an ID token, not an access token \(nonce\)/,
  },
  "a logout token": {
    token: ({ key, claims }) => key.sign(claims({ events: {} }), { typ: "logout+jwt" }),
    check: /typ/,
  },
};

describe("must hold 2: token attacks are refused, and say nothing of why", () => {
  let door: OidcDoor;
  let own: ProviderKey;
  let callers = 0;
  const visits: string[] = [];
  const trap = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      visits.push(request.url);
      return new Response("{}");
    },
  });
  beforeAll(async () => {
    if (needs.postgres15) return;
    [door, own] = await Promise.all([OidcDoor.open(), providerKey("key-1")]);
  }, 60_000);
  afterAll(async () => {
    await trap.stop(true);
    await door?.close();
  });

  const claims: Claims = (more = {}) => ({
    iss: door.provider.issuer,
    aud: audience,
    sub: "alice",
    groups: ["support"],
    iat: seconds(),
    exp: seconds() + 600,
    ...more,
  });

  /** What a caller with this token reads, as letters of an ErrorResponse; undefined: it is let in. */
  async function answer(token: string): Promise<Record<string, string> | undefined> {
    // Each from an address of its own: failures from one are slowed.
    const client = await RawClient.connect(door.gateway.port, `127.0.1.${++callers}`);
    client.send(startup({ user: "alice", database: "shop" }));
    await client.until("R");
    client.send(message("p", text(token)));
    const messages = await client.until("Z");
    client.close();
    const error = messages.find(({ type }) => type === "E");
    return error && fields(error);
  }

  /** Of a caller that was sent away: it read an id only, and the trail has the check under that id. */
  async function refused(token: string, check: RegExp): Promise<void> {
    const before = door.entries("login-refused").length;
    const { S = "", M = "", ...more } = (await answer(token)) ?? {};
    const refusals = door.entries("login-refused");
    const entry = refusals.find(({ id }) => M.includes(id));
    expect([S, M, refusals.length]).toEqual([
      ...["FATAL", `The credential was not accepted (${entry?.id}).`],
      before + 1,
    ]);
    expect(entry?.check).toMatch(check);
    // An id may spell anything.
    expect(
      Object.values(more)
        .join("\n")
        .replaceAll(/ref_\w+/g, "ref"),
    ).not.toMatch(/signature|applicable|claim|"(aud|exp|nbf|iss)"|jwk|jku|x5|crit|alg\b|twice|ID token/);
  }

  testWith(needs.postgres15)("the token that the attacks start from is good", async () => {
    expect(await answer(await door.provider.key.sign(claims()))).toBeUndefined();
    expect(await answer(await door.provider.key.sign(claims(), { typ: "at+jwt" }))).toBeUndefined();
  });

  for (const [name, { token, check }] of Object.entries(attacks)) {
    testWith(needs.postgres15)(name, async () => {
      const { key } = door.provider;
      const shown = await token({ key, own, claims, trap: `http://127.0.0.1:${trap.port}/keys` });
      await refused(shown, check);
      expect(visits).toEqual([]);
    });
  }

  testWith(needs.postgres15)("1 MB: refused by its length alone, before it is read", async () => {
    const token = await door.provider.key.sign(claims({ pad: "x".repeat(1_000_000) }));
    const before = door.entries("open").length;
    expect(await answer(token)).toMatchObject({ S: "FATAL", C: "08P01" });
    expect(door.entries("open").length).toBe(before);
  });

  testWith(needs.postgres15)("the provider's own ID token", async () => {
    const { id_token } = await signInByCode(door.provider.issuer, new Browser("alice"));
    await refused(id_token, /"aud"|ID token/);
  });
});
