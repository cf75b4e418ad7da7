import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { NotAccepted, type PosternError } from "../../core/plugin.ts";
import {
  audience,
  type OidcServer,
  type ProviderKey,
  providerKey,
  startOidc,
} from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

let provider: OidcServer;
let first: ProviderKey;
let second: ProviderKey;

beforeAll(async () => {
  [first, second] = await Promise.all([providerKey("first"), providerKey("second")]);
  provider = await startOidc({
    key: first,
    claims: { realm: { roles: ["runners", "deployers", "runners"] } },
  });
});
afterAll(() => provider.stop());
afterEach(() => {
  provider.instead(undefined);
  provider.useKeys(first);
  provider.requests.length = 0;
});

const open = (options: Partial<OidcOptions> = {}) =>
  oidc({ issuer: provider.issuer, audience, ...options }).open({ dataDir: "unused", loopbackOnly: true });

const claims = (more: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: provider.issuer, aud: audience, sub: "alice", iat: now, exp: now + 600, ...more };
};

describe("a real provider", () => {
  test("its client's token is a machine, with the groups of the path, each once", async () => {
    const { identify } = await open({ groups: ["realm", "roles"] });
    expect(await identify(await provider.clientCredentials())).toEqual({
      issuer: provider.issuer,
      subject: "deploy-bot",
      kind: "machine",
      groups: ["runners", "deployers"],
      expires: expect.any(Number),
      issuedAt: expect.any(Number),
      credentialId: expect.any(String),
    });
  });

  test("a new key is found at once, and one that is gone no longer counts", async () => {
    const { identify } = await open({ jwksCooldown: "0s" });
    const old = await provider.clientCredentials();
    expect((await identify(old))?.subject).toBe("deploy-bot");
    provider.useKeys(second, first);
    expect((await identify(await second.sign(claims())))?.subject).toBe("alice");
    provider.useKeys(second);
    expect((await (await open()).identify(await provider.clientCredentials()))?.subject).toBe("deploy-bot");
    await expect((await open()).identify(old)).rejects.toThrow(NotAccepted);
  });

  test("in the cool-down unknown key ids cost the provider nothing", async () => {
    const { identify } = await open({ jwksCooldown: "1h" });
    await identify(await first.sign(claims()));
    const before = provider.requests.length;
    for (let at = 0; at < 20; at++) {
      const token = await first.sign(claims(), { kid: `made-up-${at}` });
      await expect(identify(token)).rejects.toThrow(NotAccepted);
    }
    expect(provider.requests.length).toBe(before);
  });

  test("two keys with one id are ambiguous, and refused", async () => {
    const twin = await providerKey("first");
    provider.instead((request, response) => {
      response.setHeader("content-type", "application/json");
      const keys = [first, twin].map(({ jwk: { kty, n, e, kid } }) => ({ kty, n, e, kid }));
      const answer = request.url?.includes("well-known")
        ? { issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks` }
        : { keys };
      response.end(JSON.stringify(answer));
    });
    const { identify } = await open();
    await expect(identify(await first.sign(claims()))).rejects.toThrow(/multiple/);
  });
});

describe("identities", () => {
  test("a person has no client as subject; name and expiry come from the token", async () => {
    const { identify } = await open();
    const more = {
      exp: 4_000_000_000,
      iat: 1_700_000_000,
      name: "Alice A.",
      groups: "support",
      azp: "console",
      jti: "t1",
      sid: "login-1",
      email: "Alice@Example.com",
      email_verified: true,
    };
    expect(await identify(await first.sign(claims(more)))).toEqual({
      issuer: provider.issuer,
      subject: "alice",
      kind: "person",
      groups: ["support"],
      name: "Alice A.",
      expires: 4_000_000_000_000,
      issuedAt: 1_700_000_000_000,
      credentialId: "t1",
      loginSession: "login-1",
      person: "alice@example.com",
    });
  });

  test("a rule of the policy can tell machines", async () => {
    const { identify } = await open({ kind: ({ robot }) => (robot === true ? "machine" : "person") });
    expect((await identify(await first.sign(claims({ robot: true }))))?.kind).toBe("machine");
    expect((await identify(await first.sign(claims())))?.kind).toBe("person");
  });

  test("an address that the provider has not verified tells nothing of the person; the policy may name a claim", async () => {
    const { identify } = await open();
    const unverified = { email: "boss@example.com", employee: "E-7" };
    for (const email_verified of [false, "true", 1, undefined]) {
      const token = await first.sign(claims({ ...unverified, email_verified }));
      expect(await identify(token)).not.toHaveProperty("person");
    }
    const named = await open({ person: "employee" });
    expect((await named.identify(await first.sign(claims(unverified))))?.person).toBe("e-7");
  });

  test("groups are found under a claim whose name is a URL", async () => {
    const { identify } = await open({ groups: "https://example.com/groups" });
    const token = await first.sign(claims({ "https://example.com/groups": ["leads"] }));
    expect((await identify(token))?.groups).toEqual(["leads"]);
  });

  test("another claim can be the subject; without it nobody is accepted", async () => {
    const { identify } = await open({ subject: "repository" });
    expect((await identify(await first.sign(claims({ repository: "acme/app" }))))?.subject).toBe("acme/app");
    await expect(identify(await first.sign(claims()))).rejects.toThrow(/subject.*repository/);
  });

  test("groups of no usable form are refused, not guessed", async () => {
    const { identify } = await open();
    for (const groups of [7, {}, ["leads", 7], null]) {
      await expect(identify(await first.sign(claims({ groups })))).rejects.toThrow(/groups/);
    }
  });
});

describe("a provider that fails", () => {
  test("keeps nobody from starting, refuses callers with what is wrong, and is tried again", async () => {
    provider.instead((_, response) => response.writeHead(503).end());
    const { identify } = await open();
    const token = await first.sign(claims());
    await expect(identify(token)).rejects.toThrow(/gives no keys.*answers 503/);
    const asked = provider.requests.length;
    await expect(identify(token)).rejects.toThrow(/answers 503/);
    expect(provider.requests.length).toBe(asked);
    provider.instead(undefined);
    expect((await (await open()).identify(token))?.subject).toBe("alice");
  });

  const answers: [string, (request: { url?: string | undefined }) => string, RegExp][] = [
    [
      "another issuer",
      () => JSON.stringify({ issuer: "https://else", jwks_uri: "https://else/jwks" }),
      /names the issuer/,
    ],
    ["no JSON", () => "<html>", /gives no keys/],
    [
      "keys without TLS",
      () => JSON.stringify({ issuer: provider.issuer, jwks_uri: "http://else/jwks" }),
      /over https/,
    ],
    ["no end", () => "x".repeat(1_100_000), /over 1048576 bytes/],
  ];
  for (const [what, answer, why] of answers) {
    test(`with ${what} it is not believed`, async () => {
      provider.instead((request, response) => response.end(answer(request)));
      const { identify } = await open();
      await expect(identify(await first.sign(claims()))).rejects.toThrow(why);
    });
  }

  test("a redirect is not followed", async () => {
    provider.instead((_, response) => response.writeHead(302, { location: "http://192.0.2.1/" }).end());
    const { identify } = await open();
    await expect(identify(await first.sign(claims()))).rejects.toThrow(/answers 302/);
  });
});

describe("the policy's mistakes", () => {
  const code = (options: object) => {
    try {
      oidc({ issuer: "https://login.example.com", audience, ...options });
      return "none";
    } catch (error) {
      return (error as PosternError).code;
    }
  };
  test("are told when it loads", () => {
    expect(code({})).toBe("none");
    for (const issuer of [
      "http://login.example.com",
      "login.example.com",
      "https://a/?x",
      "ftp://localhost",
    ]) {
      expect(code({ issuer })).toBe("oidc.issuer");
    }
    for (const algorithms of [["none"], ["HS256"], ["RS256", "HS512"], []]) {
      expect(code({ algorithms })).toBe("oidc.algorithms");
    }
    expect(code({ clockSkew: "soon" })).toBe("policy.duration");
    expect(code({ accepts: "any" })).toBe("policy.option");
    expect(code({ claims: {} })).toBe("oidc.claims");
    for (const jwks of ["http://login.example.com/jwks", "ftp://login.example.com/jwks"]) {
      expect(code({ jwks })).toBe("oidc.keys");
    }
    expect(code({ issuer: "spiffe://acme.example" })).toBe("oidc.issuer");
    expect(code({ issuer: "spiffe://acme.example/ci", jwks: "bundle.json" })).toBe("oidc.issuer");
    expect(code({ issuer: "spiffe://acme.example", jwks: "bundle.json" })).toBe("none");
  });
});
