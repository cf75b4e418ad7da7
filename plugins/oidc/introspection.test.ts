import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type Identity, NotAccepted } from "../../core/plugin.ts";
import {
  askingClient,
  audience,
  Browser,
  type OidcServer,
  opaqueAudience,
  providerKey,
  signInByCode,
  startOidc,
} from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

let provider: OidcServer;
beforeAll(async () => {
  provider = await startOidc();
});
afterEach(() => provider.instead(undefined));
afterAll(() => provider.stop());

const secret = (value: string) => ({ label: "a test's", read: async () => value });
const open = (
  more: Partial<NonNullable<OidcOptions["introspection"]>> = {},
  options: Partial<OidcOptions> = {},
) =>
  oidc({
    issuer: provider.issuer,
    audience: [audience, opaqueAudience],
    introspection: { clientId: askingClient.id, secret: secret(askingClient.secret), opaque: true, ...more },
    ...options,
  }).open({ dataDir: "unused", loopbackOnly: true });

const ask = async (identity: Identity, token: string) => {
  const { revalidation } = await open();
  return revalidation?.ask(identity, token);
};

test("an opaque token is whom the provider says, and ends when it says so", async () => {
  const { identify, revalidation } = await open();
  const { access_token } = await signInByCode(provider.issuer, new Browser("alice"), {
    resource: opaqueAudience,
  });
  const identity = await identify(access_token);
  expect(identity).toMatchObject({
    issuer: provider.issuer,
    subject: "alice",
    kind: "person",
    groups: ["support"],
    person: "alice@example.com",
    loginSession: expect.any(String),
    expires: expect.any(Number),
  });
  if (!identity || !revalidation) throw new Error("no identity");
  expect(revalidation.every).toBe(60_000);
  expect(await revalidation.ask(identity, access_token)).toBeUndefined();
  await provider.logout("alice");
  expect(await revalidation.ask(identity, access_token)).toMatch(/does not count any more/);
  expect(await identify(access_token)).toBeUndefined();
});

test("after its own end a token tells nothing: the provider is not asked", async () => {
  const { access_token } = await signInByCode(provider.issuer, new Browser("bob"), {
    resource: opaqueAudience,
  });
  await provider.logout("bob");
  const identity: Identity = { issuer: provider.issuer, subject: "bob", kind: "person", groups: [] };
  const before = provider.requests.length;
  expect(await ask({ ...identity, expires: Date.now() - 1 }, access_token)).toBeUndefined();
  expect(await ask({ ...identity, expires: Date.now() + 29_000 }, access_token)).toBeUndefined();
  expect(await ask(identity, access_token)).toBeUndefined();
  expect(provider.requests.slice(before).filter((path) => path.includes("introspection"))).toEqual([]);
  expect(await ask({ ...identity, expires: Date.now() + 60_000 }, access_token)).toMatch(/does not count/);
});

test("a provider that cannot be asked says neither yes nor no", async () => {
  const { access_token } = await signInByCode(provider.issuer, new Browser("bob"), {
    resource: opaqueAudience,
  });
  const identity: Identity = {
    issuer: provider.issuer,
    subject: "bob",
    kind: "person",
    groups: [],
    expires: Date.now() + 600_000,
  };
  const wrong = await open({ secret: secret("not-the-secret") });
  await expect(Promise.resolve(wrong.revalidation?.ask(identity, access_token))).rejects.toThrow(
    /answers 401/,
  );
  await expect(wrong.identify(access_token)).rejects.toThrow(NotAccepted);
  await expect(wrong.identify(access_token)).rejects.not.toThrow(/not-the-secret/);
});

test("a provider that does not introspect its JWTs cannot tell", async () => {
  const { access_token } = await signInByCode(provider.issuer, new Browser("bob"));
  const { identify, revalidation } = await open();
  const identity = await identify(access_token);
  if (!identity || !revalidation) throw new Error("no identity");
  const before = provider.requests.length;
  expect(await revalidation.ask(identity, access_token)).toBeUndefined();
  expect(provider.requests.slice(before)).toContain("/token/introspection");
});

test("what is no token by its form is not shown to the provider", async () => {
  const { identify } = await open();
  const before = provider.requests.length;
  const foreign = await (await providerKey("else")).sign({ iss: "https://else", sub: "eve" });
  for (const token of [foreign, "a.b.c", "a password", "p@ss", "", "x".repeat(16_385), "ünïcode"]) {
    expect(await identify(token).catch((error: unknown) => error instanceof NotAccepted)).not.toBe(false);
  }
  expect(provider.requests.slice(before).filter((path) => path.includes("introspection"))).toEqual([]);
});

test("opaque tokens are asked about only where the policy says so", async () => {
  const { identify } = await open({ opaque: false });
  expect(await identify(await provider.clientCredentials(opaqueAudience))).toBeUndefined();
});

const answers: Record<string, Record<string, unknown>> = {
  "another audience": { aud: "else" },
  "no audience": { aud: undefined },
  "another issuer": { iss: "https://else" },
  "no end": { exp: undefined },
  "no subject": { sub: undefined },
};
for (const [what, wrong] of Object.entries(answers)) {
  test(`an introspection with ${what} is nobody's`, async () => {
    const { identify } = await open({ url: `${provider.issuer}/token/introspection` });
    const exp = Math.floor(Date.now() / 1000) + 600;
    const answer = { active: true, iss: provider.issuer, aud: audience, sub: "alice", exp };
    provider.instead((_, response) => response.end(JSON.stringify(answer)));
    expect(await identify("opaque")).toMatchObject({ subject: "alice" });
    provider.instead((_, response) => response.end(JSON.stringify({ ...answer, ...wrong })));
    await expect(identify("opaque")).rejects.toThrow(NotAccepted);
  });
}
