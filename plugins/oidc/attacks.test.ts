import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import {
  audience,
  type OidcServer,
  type ProviderKey,
  providerKey,
  startOidc,
} from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

let provider: OidcServer;
let key: ProviderKey;
let gate: OpenIdentityProvider;

beforeAll(async () => {
  key = await providerKey("only");
  provider = await startOidc({ key: key });
  gate = await oidc({ issuer: provider.issuer, audience, jwksCooldown: "0s" }).open({
    dataDir: "unused",
    loopbackOnly: true,
  });
});
afterAll(() => provider.stop());

const now = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = (more: Record<string, unknown> = {}) => ({
  iss: provider.issuer,
  aud: audience,
  sub: "alice",
  exp: now() + 600,
  ...more,
});
const refused = (token: string, why: RegExp) =>
  expect(
    gate.identify(token).catch((error: unknown) => {
      if (!(error instanceof NotAccepted)) throw error;
      return error.message;
    }),
  ).resolves.toMatch(why);

test("the token that the attacks start from is good", async () => {
  expect((await gate.identify(await key.sign(claims())))?.subject).toBe("alice");
});

test("alg none", async () => {
  for (const alg of ["none", "None", "NONE", "nOnE"]) {
    await refused(`${part({ alg, kid: key.kid })}.${part(claims())}.`, /alg/i);
  }
});

test("HS256 with the provider's public key as the secret", async () => {
  for (const secret of [
    key.publicKey.export({ type: "spki", format: "pem" }),
    key.publicKey.export({ type: "spki", format: "der" }),
    JSON.stringify(key.publicKey.export({ format: "jwk" })),
  ]) {
    const head = `${part({ alg: "HS256", kid: key.kid })}.${part(claims())}`;
    await refused(`${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`, /alg/i);
  }
});

describe("a key that the token brings along does not count, and nobody goes to look for it", () => {
  let visits = 0;
  const trap = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(`{"keys":[${++visits}]}`),
  });
  afterAll(() => trap.stop(true));
  for (const name of ["jwk", "jku", "x5u", "x5c"] as const) {
    test(name, async () => {
      const own = await providerKey("only");
      const { kty, n, e } = own.jwk;
      const url = `http://127.0.0.1:${trap.port}/jwks`;
      const value = { jwk: { kty, n, e }, jku: url, x5u: url, x5c: ["MIIB"] }[name];
      await refused(await own.sign(claims(), { [name]: value }), new RegExp(`signature.*${name}`));
      expect(visits).toBe(0);
    });
  }

  test("of a token that the provider signed it is no harm either", async () => {
    const token = await key.sign(claims(), { jku: `http://127.0.0.1:${trap.port}/jwks` });
    expect((await gate.identify(token))?.subject).toBe("alice");
    expect(visits).toBe(0);
  });
});

describe("a key id", () => {
  const ids = {
    "a path": "../../etc/passwd",
    SQL: "' OR 1=1 --",
    huge: "k".repeat(8_000),
    "a prototype's": "__proto__",
  };
  for (const [what, kid] of Object.entries(ids)) {
    test(`that is ${what} names no key`, async () => {
      await refused(await key.sign(claims(), { kid }), /no applicable key/);
    });
  }

  test("that is no text is refused, not left out", async () => {
    for (const kid of [7, null, ["only"], { kid: "only" }]) {
      const head = `${part({ alg: "RS256", kid })}.${part(claims())}`;
      await refused(`${head}.AAAA`, /key id/);
    }
  });
});

test("wrong audience", async () => {
  await refused(await key.sign(claims({ aud: "else" })), /"aud"/);
  await refused(await key.sign(claims({ aud: ["else", "other"] })), /"aud"/);
  await refused(await key.sign(claims({ aud: undefined })), /"aud"/);
});

test("wrong issuer", async () => {
  for (const iss of ["https://else", `${provider.issuer}/`, undefined, [provider.issuer]]) {
    expect(await gate.identify(await key.sign(claims({ iss })))).toBeUndefined();
  }
});

test("expired", async () => {
  await refused(await key.sign(claims({ exp: now() - 31 })), /"exp"/);
});

test("not valid yet", async () => {
  await refused(await key.sign(claims({ nbf: now() + 90 })), /"nbf"/);
});

test("no expiry", async () => {
  await refused(await key.sign(claims({ exp: undefined })), /"exp"/);
  await refused(await key.sign(claims({ exp: "4000000000" })), /"exp"/);
});

test("no subject", async () => {
  await refused(await key.sign(claims({ sub: undefined })), /"sub"/);
  await refused(await key.sign(claims({ sub: 7 })), /subject/);
});

test("tampered", async () => {
  const [header, , signature] = (await key.sign(claims())).split(".");
  await refused(`${header}.${part(claims({ sub: "root" }))}.${signature}`, /signature/);
  await refused(`${header}.${part(claims())}.`, /signature/);
});

test("a critical header that nobody here knows", async () => {
  await refused(await key.sign(claims(), { crit: ["urn:known"], "urn:known": 1 }), /urn:known/);
});

test("a token of 1 MB", async () => {
  await refused(await key.sign(claims({ pad: "x".repeat(1_000_000) })), /the limit is 16384/);
});

test("an encrypted token", async () => {
  expect(await gate.identify(`${part({ alg: "dir", enc: "A256GCM" })}..a.b.c`)).toBeUndefined();
});

describe("what is said twice", () => {
  test("in the header", async () => {
    const header = Buffer.from(`{"alg":"RS256","alg":"none","kid":"only"}`).toString("base64url");
    await refused(`${header}.${part(claims())}.`, /header of the token says "alg" twice/);
  });

  test("in the claims, at any depth, though the provider signed it", async () => {
    const text = JSON.stringify(claims());
    for (const more of [
      '"sub":"root"',
      '"s\\u0075b":"root"',
      '"act":{"sub":"a","sub":"b"}',
      '"x":[{"sub":1,"sub":2}]',
    ]) {
      await refused(
        await key.signText(text.replace(/}$/, `,${more}}`)),
        /claims of the token says "sub" twice/,
      );
    }
    expect((await gate.identify(await key.signText(text)))?.subject).toBe("alice");
  });
});

describe("an ID token where an access token is expected", () => {
  const cli = "cli";
  const open = (options: Partial<OidcOptions>) =>
    oidc({ issuer: provider.issuer, audience: [audience, cli], ...options }).open({
      dataDir: "unused",
      loopbackOnly: true,
    });
  const idTokens: Record<string, Record<string, unknown>> = {
    nonce: { nonce: "n" },
    at_hash: { at_hash: "h" },
    c_hash: { c_hash: "h" },
    "typ ID": { typ: "ID" },
    "typ Refresh": { typ: "Refresh" },
    token_use: { token_use: "id" },
    "aud is its own client": { aud: audience, azp: audience },
    "aud is a client": { aud: [cli] },
  };
  for (const [sign, more] of Object.entries(idTokens)) {
    test(`told by: ${sign}`, async () => {
      const gate = await open({ login: { clientId: cli } });
      const token = await key.sign(claims(more));
      await expect(gate.identify(token)).rejects.toThrow(`an ID token, not an access token (${sign})`);
      expect(await (await open({ accepts: "id" })).identify(token)).toMatchObject({ subject: "alice" });
      expect(await (await open({ accepts: "both" })).identify(token)).toMatchObject({ subject: "alice" });
    });
  }

  test("an access token is told by its type, or by none of these", async () => {
    const gate = await open({ login: { clientId: cli } });
    for (const typ of ["at+jwt", "application/at+jwt", "AT+JWT", "JWT", undefined]) {
      const token = await key.sign(claims({ azp: cli, typ: "Bearer" }), { typ });
      expect(await gate.identify(token)).toMatchObject({ subject: "alice" });
    }
    const access = await key.sign(claims(), { typ: "at+jwt" });
    await expect((await open({ accepts: "id" })).identify(access)).rejects.toThrow(/not an ID token/);
  });

  test("other signed things of the provider are neither", async () => {
    const gate = await open({ accepts: "both" });
    for (const typ of ["logout+jwt", "secevent+jwt", "dpop+jwt", "", 7]) {
      const token = await key.sign(claims(), { typ });
      await expect(gate.identify(token)).rejects.toThrow(NotAccepted);
    }
    await expect(gate.identify(await key.sign(claims({ events: {} })))).rejects.toThrow(/event/);
  });
});

test("another client's token, where the policy names the authorised parties", async () => {
  const gate = await oidc({ issuer: provider.issuer, audience, authorizedParty: ["cli", "console"] }).open({
    dataDir: "unused",
    loopbackOnly: true,
  });
  for (const good of [{ azp: "cli" }, { client_id: "console" }, { azp: "cli", client_id: "cli" }]) {
    expect(await gate.identify(await key.sign(claims(good)))).toMatchObject({ subject: "alice" });
  }
  for (const bad of [
    {},
    { azp: "else" },
    { azp: "cli", client_id: "else" },
    { azp: ["cli"] },
    { client_id: null },
  ]) {
    await expect(gate.identify(await key.sign(claims(bad)))).rejects.toThrow(/authorizedParty/);
  }
});
