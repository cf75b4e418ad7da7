import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { EndingWish, WebTools } from "../../core/plugin.ts";
import { audience, type OidcServer, providerKey, publicClient, startOidc } from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

let provider: OidcServer;
beforeAll(async () => {
  provider = await startOidc();
});
afterAll(() => provider.stop());

const event = "http://schemas.openid.net/event/backchannel-logout";
const now = () => Math.floor(Date.now() / 1000);
let ids = 0;
const claims = (more: Record<string, unknown> = {}) => ({
  iss: provider.issuer,
  aud: publicClient,
  iat: now(),
  exp: now() + 120,
  jti: `logout-${++ids}`,
  sub: "alice",
  sid: "login-1",
  events: { [event]: {} },
  ...more,
});
const logoutToken = (more: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  provider.key.sign(claims(more), { typ: "logout+jwt", ...header });

/** The face of a gateway, and what it asked of core. */
async function open(options: Partial<OidcOptions> = {}, failures = 0) {
  const ends: EndingWish[] = [];
  const checks: string[] = [];
  const seen = new Set<string>();
  const tools: Partial<WebTools> = {
    url: "https://gateway.example/identity/corp",
    async end(wish) {
      if (failures-- > 0) throw new Error("the store is full");
      ends.push(wish);
      return { id: "end_1", at: Date.now(), blocks: false, ...wish };
    },
    async first(key, until) {
      expect(until).toBeGreaterThan(Date.now());
      const isFirst = !seen.has(key);
      seen.add(key);
      return isFirst;
    },
    refused(check) {
      checks.push(check);
      return new Error("not accepted (ref_1)");
    },
  };
  const gate = oidc({
    issuer: provider.issuer,
    audience,
    login: { clientId: publicClient },
    logout: { path: "corp" },
    ...options,
  });
  const { web } = await gate.open({ dataDir: "unused", loopbackOnly: true });
  const send = async (body: string | Record<string, string>, to = "logout", method = "POST") => {
    const request = new Request(`https://gateway.example/identity/corp/${to}`, {
      method,
      ...(method === "POST" ? { body: typeof body === "string" ? body : new URLSearchParams(body) } : {}),
    });
    if (!web) throw new Error("no face");
    const response = await web.handle(request, tools as WebTools);
    expect(response.headers.get("cache-control")).toBe("no-store");
    return { status: response.status, text: await response.text() };
  };
  return { ends, checks, send, web };
}

describe("what a logout ends", () => {
  const ended = async (more: Record<string, unknown>, options: Partial<OidcOptions> = {}) => {
    const { ends, send } = await open(options);
    expect(await send({ logout_token: await logoutToken(more) })).toEqual({ status: 200, text: "" });
    expect(ends).toMatchObject([{ reason: { code: "access.logged-out" }, by: `oidc ${provider.issuer}` }]);
    return ends[0]?.of;
  };

  test("named by both: all of the person, since access tokens need not name their login session", async () => {
    expect(await ended({})).toEqual({ kind: "identity", issuer: provider.issuer, subject: "alice" });
  });

  test("named by both, where the policy says that tokens name their login session: that session's", async () => {
    expect(await ended({}, { logout: { path: "corp", ends: "session" } })).toEqual({
      kind: "login",
      issuer: provider.issuer,
      session: "login-1",
    });
  });

  test("named by one: what that names", async () => {
    const login = { kind: "login", issuer: provider.issuer, session: "login-1" } as const;
    expect(await ended({ sub: undefined })).toEqual(login);
    const options: Partial<OidcOptions> = { logout: { path: "corp", ends: "session" } };
    const subject = { kind: "identity", issuer: provider.issuer, subject: "alice" } as const;
    expect(await ended({ sid: undefined }, options)).toEqual(subject);
  });

  test("where another claim is the subject, a logout is of that one", async () => {
    const options: Partial<OidcOptions> = { subject: "employee" };
    expect(await ended({ employee: "E-7" }, options)).toMatchObject({ kind: "identity", subject: "E-7" });
    expect(await ended({}, options)).toMatchObject({ kind: "login", session: "login-1" });
  });

  test("the types and addressees that providers use", async () => {
    const { send, ends } = await open({ logout: { path: "corp", clients: ["console"] } });
    for (const [more, header] of [
      [{}, { typ: "JWT" }],
      [{}, { typ: undefined }],
      [{ aud: [audience] }, {}],
      [{ aud: "console" }, {}],
      [{ exp: undefined }, {}],
    ] as const) {
      expect((await send({ logout_token: await logoutToken(more, header) })).status).toBe(200);
    }
    expect(ends.length).toBe(5);
  });
});

describe("what is no logout", () => {
  const bad: Record<string, [() => Promise<string>, RegExp]> = {
    "another audience": [() => logoutToken({ aud: "else" }), /"aud"/],
    "another issuer": [() => logoutToken({ iss: "https://else" }), /"iss"/],
    "no iat": [() => logoutToken({ iat: undefined }), /"iat"/],
    "an old one": [() => logoutToken({ iat: now() - 400 }), /"iat"/],
    "one of the future": [() => logoutToken({ iat: now() + 300 }), /"iat"/],
    expired: [() => logoutToken({ exp: now() - 60 }), /"exp"/],
    "no jti": [() => logoutToken({ jti: undefined }), /"jti"/],
    "an empty jti": [() => logoutToken({ jti: "" }), /jti/],
    "no events": [() => logoutToken({ events: undefined }), /"events"/],
    "another event": [() => logoutToken({ events: { "urn:else": {} } }), /no logout/],
    "an event that is no object": [() => logoutToken({ events: { [event]: true } }), /no logout/],
    "events in a list": [() => logoutToken({ events: [event] }), /no logout/],
    "a nonce": [() => logoutToken({ nonce: "n" }), /nonce/],
    "nobody named": [() => logoutToken({ sub: undefined, sid: undefined }), /names nobody/],
    "names of no use": [() => logoutToken({ sub: "", sid: 7 }), /names nobody/],
    "an access token": [() => logoutToken({}, { typ: "at+jwt" }), /typ/],
    "a real access token": [() => provider.clientCredentials(), /typ/],
    "another signer": [
      async () => (await providerKey("key-1")).sign(claims(), { typ: "logout+jwt" }),
      /signature/,
    ],
    "alg none": [
      async () => {
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
        return `${part({ alg: "none" })}.${part(claims())}.`;
      },
      /alg/i,
    ],
    "a claim twice": [
      () => provider.key.signText(JSON.stringify(claims()).replace(/}$/, ',"sub":"bob"}')),
      /twice/,
    ],
    "no JWT": [async () => "x", /form/],
  };
  for (const [what, [token, check]] of Object.entries(bad)) {
    test(`${what}: 400, and the check for the operator alone`, async () => {
      const { ends, checks, send } = await open();
      const { status, text } = await send({ logout_token: await token() });
      expect([status, JSON.parse(text)]).toEqual([
        400,
        { error: "invalid_request", error_description: "not accepted (ref_1)" },
      ]);
      expect(checks[0]).toMatch(check);
      expect(ends).toEqual([]);
    });
  }

  test("the same token again", async () => {
    const { ends, checks, send } = await open();
    const logout_token = await logoutToken();
    expect((await send({ logout_token })).status).toBe(200);
    expect((await send({ logout_token })).status).toBe(400);
    expect([ends.length, checks]).toEqual([1, [expect.stringMatching(/shown before/)]]);
  });

  test("the same token again is one where the first time could not be written down", async () => {
    const { ends, send } = await open({}, 1);
    const logout_token = await logoutToken();
    expect(await send({ logout_token }).catch((error: Error) => error.message)).toBe("the store is full");
    expect((await send({ logout_token })).status).toBe(200);
    expect((await send({ logout_token })).status).toBe(400);
    expect(ends.length).toBe(1);
  });

  test("a request without a token, with too much, by another method, to another place", async () => {
    const { ends, send } = await open();
    expect((await send("")).status).toBe(400);
    expect((await send({ token: await logoutToken() })).status).toBe(400);
    expect((await send({ pad: "x".repeat(40_000), logout_token: await logoutToken() })).status).toBe(400);
    expect((await send("", "logout", "GET")).status).toBe(405);
    expect((await send({ logout_token: await logoutToken() }, "else")).status).toBe(404);
    expect(ends).toEqual([]);
  });
});

describe("where it is served", () => {
  const opened = (options: Partial<OidcOptions>, issuer = "https://login.example.com/realms/staff/") =>
    oidc({ issuer, audience, jwks: "/nowhere", ...options }).open({ dataDir: "unused", loopbackOnly: true });

  test("at a place made of the issuer, together with how people sign in", async () => {
    const { web, login } = await opened({ login: { clientId: "cli" } });
    expect(web?.path).toBe("login.example.com-realms-staff");
    expect(login).toEqual({
      kind: "oidc",
      name: "login.example.com-realms-staff",
      issuer: "https://login.example.com/realms/staff/",
      clientId: "cli",
      scopes: ["openid", "profile", "email", "offline_access"],
      audience,
    });
  });

  test("nowhere, where nobody signs in by it", async () => {
    const { web, login } = await opened({});
    expect([web, login]).toEqual([undefined, undefined]);
    const logoutOnly = await opened({ logout: {} });
    expect([logoutOnly.web?.path, logoutOnly.login]).toEqual(["login.example.com-realms-staff", undefined]);
  });
});
