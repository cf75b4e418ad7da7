import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer } from "node:http";
import { decodeJwt, decodeProtectedHeader } from "jose";
import {
  askingClient,
  audience,
  Browser,
  type OidcServer,
  opaqueAudience,
  refreshed,
  signInByCode,
  signInByDevice,
  startOidc,
} from "./oidc.ts";

let provider: OidcServer;
beforeAll(async () => {
  provider = await startOidc();
});
afterAll(() => provider.stop());

test("a person signs in with a code and PKCE, and gets a token for the audience with the login session", async () => {
  const tokens = await signInByCode(provider.issuer, new Browser("bob"));
  expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: "at+jwt", kid: provider.key.kid });
  expect(decodeJwt(tokens.access_token)).toMatchObject({
    iss: provider.issuer,
    aud: audience,
    sub: "bob",
    groups: ["leads"],
    sid: expect.any(String),
  });
});

test("a device code, and a refresh that a deactivation ends", async () => {
  const tokens = await signInByDevice(provider.issuer, new Browser("alice"));
  expect(decodeJwt(tokens.access_token).sub).toBe("alice");
  const again = await refreshed(provider.issuer, tokens.refresh_token);
  expect(decodeJwt(again.access_token).sub).toBe("alice");
  const other = await startOidc();
  const { refresh_token } = await signInByCode(other.issuer, new Browser("alice"));
  other.deactivate("alice");
  await expect(refreshed(other.issuer, refresh_token)).rejects.toThrow(/invalid_grant/);
  await other.stop();
});

test("opaque tokens are known by introspection", async () => {
  const token = await provider.clientCredentials(opaqueAudience);
  const response = await fetch(`${provider.issuer}/token/introspection`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${askingClient.id}:${askingClient.secret}`)}` },
    body: new URLSearchParams({ token }),
  });
  expect(await response.json()).toMatchObject({ active: true, client_id: "deploy-bot", aud: opaqueAudience });
});

test("a new key signs; the former one stays as long as it is kept", async () => {
  const kids = async () => {
    const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };
  const former = provider.key.kid;
  const next = await provider.rotateKeys();
  expect(await kids()).toEqual([next.kid, former]);
  expect(decodeProtectedHeader(await provider.clientCredentials()).kid).toBe(next.kid);
  const last = await provider.rotateKeys(0);
  expect(await kids()).toEqual([last.kid]);
});

test("a logout tells the client, with the login session of the token", async () => {
  const other = await startOidc();
  const told = Promise.withResolvers<string>();
  const client = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end();
    told.resolve(new URLSearchParams(body).get("logout_token") ?? "");
  });
  await new Promise<void>((open) => client.listen(0, "127.0.0.1", open));
  const address = client.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  other.tellLogouts(`http://127.0.0.1:${address.port}/logout`);
  const { access_token } = await signInByCode(other.issuer, new Browser("bob"));
  await other.logout("bob");
  expect(decodeJwt(await told.promise)).toMatchObject({
    iss: other.issuer,
    aud: "postern-cli",
    sid: decodeJwt(access_token).sid,
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
  });
  client.close();
  await other.stop();
});
