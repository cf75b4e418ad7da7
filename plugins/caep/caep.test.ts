import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { PosternError } from "../../core/plugin.ts";
import { type TestWebTools, testWebTools } from "../../core/testing/index.ts";
import { type CaepOptions, caep } from "./index.ts";

const audience = "https://gateway.example.com";
const revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const changed = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
const risc = "https://schemas.openid.net/secevent/risc/event-type";

let issuer = "";
let key: CryptoKey;
let other: CryptoKey;
let server: Bun.Server<undefined>;
let reachable = true;
beforeAll(async () => {
  const pair = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256" };
  key = pair.privateKey;
  other = (await generateKeyPair("ES256")).privateKey;
  server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (!reachable) return new Response(null, { status: 500 });
      if (pathname === "/jwks") return Response.json({ keys: [jwk] });
      if (pathname !== "/.well-known/ssf-configuration") return new Response(null, { status: 404 });
      return Response.json({ issuer, jwks_uri: `${issuer}/jwks` });
    },
  });
  issuer = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop(true));

let made = 0;
const alice = { format: "iss_sub", iss: "https://login.example.com", sub: "alice" };
interface Sent {
  readonly claims?: object;
  readonly header?: object;
  readonly by?: CryptoKey;
}
function set(
  event: string,
  { claims = {}, header = {}, by = key }: Sent = {},
  said: object = {},
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const all = {
    iss: issuer,
    aud: audience,
    jti: `j${++made}`,
    iat,
    sub_id: alice,
    events: { [event]: said },
    ...claims,
  };
  return new SignJWT(all)
    .setProtectedHeader({ alg: "ES256", kid: "k1", typ: "secevent+jwt", ...header })
    .sign(by, { crit: { x: true } });
}

async function receiver(options: Partial<CaepOptions> = {}) {
  const { web } = await caep({ issuer, audience, of: "https://login.example.com", ...options }).open();
  const tools = testWebTools();
  const push = async (body: string, headers: Record<string, string> = {}, used: TestWebTools = tools) => {
    const response = await web.handle(
      new Request(`${tools.url}/`, {
        method: "POST",
        headers: { "content-type": "application/secevent+jwt", ...headers },
        body,
      }),
      used,
    );
    const text = await response.text();
    return {
      status: response.status,
      err: text === "" ? undefined : (JSON.parse(text) as { err: string }).err,
    };
  };
  return { push, tools };
}

describe("what it takes", () => {
  const login = { kind: "login", issuer: alice.iss, session: "s1" };
  const person = { kind: "identity", issuer: alice.iss, subject: "alice" };
  const cases: readonly (readonly [string, string, object, object, unknown])[] = [
    ["a revoked session of a user", revoked, { sub_id: alice }, {}, [person, false]],
    [
      "a complex subject with a user",
      revoked,
      { sub_id: { format: "complex", user: alice, session: { format: "opaque", id: "s1" } } },
      {},
      [person, false],
    ],
    [
      "a session alone",
      revoked,
      { sub_id: { format: "complex", session: { format: "opaque", id: "s1" } } },
      {},
      [login, false],
    ],
    ["an opaque subject", revoked, { sub_id: { format: "opaque", id: "alice" } }, {}, [person, false]],
    ["an address", revoked, { sub_id: { format: "email", email: "alice" } }, {}, [person, false]],
    [
      "a subject inside its event",
      revoked,
      { sub_id: undefined },
      { subject: { ...alice, format: undefined, subject_type: "iss-sub" } },
      [person, false],
    ],
    ["a changed credential", changed, {}, { change_type: "revoke" }, [person, false]],
    ["a disabled account", `${risc}/account-disabled`, {}, {}, [person, true]],
    ["a purged account", `${risc}/account-purged`, {}, {}, [person, true]],
  ];
  for (const [what, event, claims, said, expected] of cases) {
    test(what, async () => {
      const { push, tools } = await receiver();
      expect(await push(await set(event, { claims }, said))).toEqual({ status: 202, err: undefined });
      expect<unknown>(tools.ended.map(({ of, blocks }) => [of, blocks])).toEqual([expected]);
    });
  }

  test("an account that is enabled again is let in, by whom it was shut out", async () => {
    const { push, tools } = await receiver();
    await push(await set(`${risc}/account-disabled`));
    await push(await set(`${risc}/account-enabled`));
    expect<unknown>(tools.lifted).toEqual([{ of: tools.ended[0]?.of, by: tools.ended[0]?.by }]);
  });

  test("a verification, a further credential and an event that nobody knows, without effect", async () => {
    const { push, tools } = await receiver();
    const verification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    for (const token of [
      await set(verification, { claims: { sub_id: { format: "opaque", id: "stream" } } }, { state: "x" }),
      await set(changed, {}, { change_type: "create" }),
      await set("https://example.com/event"),
    ])
      expect(await push(token)).toEqual({ status: 202, err: undefined });
    expect(tools.ended).toEqual([]);
  });

  test("one that came before, without doing it again; but what failed then is done", async () => {
    const { push, tools } = await receiver();
    const token = await set(revoked);
    const failing = { ...tools, end: () => Promise.reject(new Error("the disk is full")) };
    await expect(push(token, {}, failing)).rejects.toThrow("the disk is full");
    expect(await push(token)).toMatchObject({ status: 202 });
    expect(await push(token)).toMatchObject({ status: 202 });
    expect(tools.ended).toHaveLength(1);
  });
});

describe("what it refuses", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const attacks: readonly (readonly [string, string, () => Promise<string> | string])[] = [
    ["another's signature", "invalid_key", () => set(revoked, { by: other })],
    ["an unknown key", "invalid_key", () => set(revoked, { header: { kid: "k2" } })],
    [
      "no signature",
      "invalid_request",
      () => new UnsecuredJWT({ iss: issuer, aud: audience, jti: "u", events: {} }).encode(),
    ],
    ["an ID token", "invalid_request", () => set(revoked, { header: { typ: "JWT" } })],
    ["another issuer", "invalid_issuer", () => set(revoked, { claims: { iss: "https://else.example.com" } })],
    [
      "another audience",
      "invalid_audience",
      () => set(revoked, { claims: { aud: "https://else.example.com" } }),
    ],
    ["no id", "invalid_request", () => set(revoked, { claims: { jti: undefined } })],
    ["the future", "invalid_request", () => set(revoked, { claims: { iat: now() + 600 } })],
    ["a week ago", "invalid_request", () => set(revoked, { claims: { iat: now() - 8 * 86_400 } })],
    ["no time", "invalid_request", () => set(revoked, { claims: { iat: undefined } })],
    ["no event", "invalid_request", () => set(revoked, { claims: { events: {} } })],
    ["events of another kind", "invalid_request", () => set(revoked, { claims: { events: [revoked] } })],
    ["an unknown critical header", "invalid_request", () => set(revoked, { header: { crit: ["x"], x: 1 } })],
    [
      "nobody",
      "invalid_request",
      () => set(revoked, { claims: { sub_id: { format: "iss_sub", iss: alice.iss } } }),
    ],
    [
      "a subject of somebody else's",
      "access_denied",
      () => set(revoked, { claims: { sub_id: { ...alice, iss: "https://else" } } }),
    ],
    [
      "a device",
      "invalid_request",
      () => set(revoked, { claims: { sub_id: { format: "complex", device: {} } } }),
    ],
    ["no token", "invalid_request", () => "rubbish"],
    ["a long one", "invalid_request", () => "a".repeat(70_000)],
  ];
  for (const [what, err, token] of attacks) {
    test(what, async () => {
      const { push, tools } = await receiver();
      expect(await push(await token())).toEqual({ status: 400, err });
      expect(tools.ended).toEqual([]);
      expect(tools.checks).toHaveLength(1);
    });
  }

  test("an algorithm that the policy does not list, another kind of body, and a method", async () => {
    const { push, tools } = await receiver({ algorithms: ["RS256"] });
    expect(await push(await set(revoked))).toMatchObject({ status: 400 });
    const wide = await receiver();
    const type = { "content-type": "application/json" };
    expect(await wide.push(await set(revoked), type)).toEqual({ status: 400, err: "invalid_request" });
    const { web } = await caep({ issuer, audience }).open();
    expect((await web.handle(new Request(tools.url), tools)).status).toBe(405);
    expect([...tools.ended, ...wide.tools.ended]).toEqual([]);
  });

  test("another Authorization than the policy's", async () => {
    const authorization = { label: "env CAEP", read: async () => "Bearer canary" };
    const { push, tools } = await receiver({ authorization });
    for (const headers of [{}, { authorization: "Bearer canar" }, { authorization: "canary" }]) {
      expect(await push(await set(revoked), headers)).toEqual({ status: 401, err: "authentication_failed" });
    }
    expect(tools.ended).toEqual([]);
    expect(await push(await set(revoked), { authorization: "Bearer canary" })).toMatchObject({ status: 202 });
  });
});

test("while its keys are out of reach nothing is judged, and the transmitter is to try again", async () => {
  const { push, tools } = await receiver();
  reachable = false;
  const token = await set(revoked);
  await expect(push(token)).rejects.toThrow();
  expect([tools.checks, tools.ended]).toEqual([[], []]);
  reachable = true;
  expect(await push(token)).toMatchObject({ status: 202 });
  expect(tools.ended).toHaveLength(1);
});

test("keys come over TLS or from this machine alone", () => {
  expect(() => caep({ issuer: "http://login.example.com", audience })).toThrow(PosternError);
  expect(() => caep({ issuer: "https://a.example.com", jwks: "http://a.example.com/j", audience })).toThrow(
    PosternError,
  );
  expect(() => caep({ issuer: "https://a.example.com", audience, colour: 1 } as CaepOptions)).toThrow(
    PosternError,
  );
});
