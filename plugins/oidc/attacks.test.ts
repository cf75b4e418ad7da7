import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import {
  audience,
  type OidcServer,
  type ProviderKey,
  providerKey,
  startOidc,
} from "../../test/servers/oidc.ts";
import { oidc } from "./index.ts";

let provider: OidcServer;
let key: ProviderKey;
let gate: OpenIdentityProvider;

beforeAll(async () => {
  key = await providerKey("only");
  provider = await startOidc({ key: key });
  gate = await oidc({ issuer: provider.issuer, audience }).open({ dataDir: "unused", loopbackOnly: true });
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

test("a key that the token brings along", async () => {
  const own = await providerKey("only");
  const { kty, n, e } = own.jwk;
  await refused(await own.sign(claims(), { jwk: { kty, n, e } }), /signature/);
  await refused(await own.sign(claims(), { jku: "http://192.0.2.1/jwks" }), /signature/);
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

test("a header that says alg twice counts as jose reads it, and is verified as that", async () => {
  const header = Buffer.from(`{"alg":"RS256","alg":"none","kid":"only"}`).toString("base64url");
  await refused(`${header}.${part(claims())}.`, /alg/i);
});
