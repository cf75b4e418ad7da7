import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { challengeOf, randomSecret } from "../../core/identity/login-codes.ts";
import { NotAccepted } from "../../core/identity.ts";
import { type TestWebTools, testWebTools } from "../../core/testing/web-tools.ts";
import {
  audience,
  Browser,
  confidentialClient,
  type OidcServer,
  providerKey,
  publicClient,
  startOidc,
} from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

let provider: OidcServer;
beforeAll(async () => {
  provider = await startOidc({ redirectUris: ["http://127.0.0.1/identity/corp/callback"] });
});
afterAll(() => provider.stop());

const url = "http://127.0.0.1:4712/identity/corp";
const redirectUri = "https://grafana.example.com/.postern/signed-in";
const secret = { label: "env SECRET", read: async () => confidentialClient.secret };

/** A login that has come back from the provider, as far as our own callback. */
class Login {
  readonly state = randomSecret();
  readonly verifier = randomSecret();

  private constructor(
    readonly tools: TestWebTools,
    readonly open: Awaited<ReturnType<ReturnType<typeof oidc>["open"]>>,
    readonly sent: URL,
    readonly back: string,
  ) {}

  static async begin(options: Partial<OidcOptions> = {}): Promise<Login> {
    const open = await oidc({
      ...{ issuer: provider.issuer, audience, logout: { path: "corp" } },
      ...{ browser: { clientId: publicClient }, ...options },
    }).open({ dataDir: "unused", loopbackOnly: true });
    const tools = testWebTools(url);
    const fresh = new Login(tools, open, new URL(url), "");
    const { state, verifier } = fresh;
    const challenge = challengeOf(verifier);
    const sent = await open.web?.browser?.begin({ redirectUri, state, challenge }, tools);
    const { url: back } = await new Browser("alice").visit(sent ?? "", url);
    return Object.assign(new Login(tools, open, new URL(sent ?? ""), back), { state, verifier });
  }

  async callback(change: (back: URL) => void = () => {}): Promise<URL | undefined> {
    const back = new URL(this.back);
    change(back);
    const answer = await this.open.web
      ?.handle(new Request(back), this.tools)
      .catch((error) => (error instanceof NotAccepted ? undefined : Promise.reject(error)));
    const location = answer?.headers.get("location");
    return location ? new URL(location) : undefined;
  }

  async redeem(code: string, shown: { verifier?: string; redirectUri?: string } = {}): Promise<string> {
    const asked = { code, verifier: this.verifier, redirectUri, ...shown };
    return (await this.open.web?.browser?.redeem(asked).catch((error: Error) => error.message)) ?? "";
  }

  /** The check that failed, as the trail has it. */
  get check(): string {
    return this.tools.checks.at(-1) ?? "";
  }
}

const codeIn = (back: URL | undefined) => back?.searchParams.get("code") ?? "none";

describe("a browser signs in", () => {
  test.each([
    ["a public client", { clientId: publicClient }],
    ["a client with a secret", { clientId: confidentialClient.id, clientSecret: secret }],
  ] as const)("by %s", async (_, browser) => {
    const login = await Login.begin({ browser });
    const asked = login.sent.searchParams;
    expect([asked.get("code_challenge_method"), asked.get("redirect_uri")]).toEqual([
      "S256",
      `${url}/callback`,
    ]);
    expect([asked.get("nonce")?.length, asked.get("state")?.length]).toEqual([43, 43]);
    expect(asked.get("scope")?.split(" ").sort()).toEqual(["email", "openid", "profile"]);
    const back = await login.callback();
    expect([back?.origin, back?.searchParams.get("state")]).toEqual([
      "https://grafana.example.com",
      login.state,
    ]);
    const token = await login.redeem(codeIn(back));
    expect(await login.open.identify(token)).toMatchObject({ subject: "alice", groups: ["support"] });
  });

  test("with a wrong secret nobody does", async () => {
    const wrong = { label: "env SECRET", read: async () => "wrong" };
    const login = await Login.begin({ browser: { clientId: confidentialClient.id, clientSecret: wrong } });
    expect(await login.callback()).toBeUndefined();
    expect(login.check).toContain("the code was not accepted");
    expect(login.check).not.toContain("wrong");
  });

  test("by an ID token, where those count", async () => {
    const login = await Login.begin({ accepts: "id", audience: publicClient });
    const token = await login.redeem(codeIn(await login.callback()));
    expect(await login.open.identify(token)).toMatchObject({ subject: "alice" });
  });
});

describe("what comes back is refused", () => {
  test("twice", async () => {
    const login = await Login.begin();
    const code = codeIn(await login.callback());
    expect(await login.callback()).toBeUndefined();
    expect(login.check).toContain("no login that began here");
    expect(await login.redeem(code, { verifier: randomSecret() })).toContain(
      "code_verifier is not of this login",
    );
    expect(await login.redeem(code)).toContain("the code is unknown");
  });

  test("with a code for another place", async () => {
    const login = await Login.begin();
    const elsewhere = "https://wiki.example.com/.postern/signed-in";
    expect(await login.redeem(codeIn(await login.callback()), { redirectUri: elsewhere })).toContain(
      "redirect_uri",
    );
  });

  test.each([
    [
      "of no login",
      "no login that began here",
      (back: URL) => back.searchParams.set("state", randomSecret()),
    ],
    ["with two states", "state more than once", (back: URL) => back.searchParams.append("state", "a")],
    ["with two codes", "code more than once", (back: URL) => back.searchParams.append("code", "a")],
    ["without a code", "no code", (back: URL) => back.searchParams.delete("code")],
    ["with a code of nobody's", "not accepted", (back: URL) => back.searchParams.set("code", "a")],
    [
      "of another issuer (RFC 9207)",
      "another issuer's",
      (back: URL) => back.searchParams.set("iss", "https://evil.test"),
    ],
    ["with an error", "access_denied", (back: URL) => back.searchParams.set("error", "access_denied")],
  ] as const)("%s", async (_, check, change) => {
    const login = await Login.begin();
    expect(await login.callback(change)).toBeUndefined();
    expect(login.check).toContain(check);
  });

  const now = () => Math.floor(Date.now() / 1000);
  const claims = (login: Login) => ({
    ...{ iss: provider.issuer, aud: publicClient, sub: "alice", iat: now(), exp: now() + 60 },
    nonce: login.sent.searchParams.get("nonce"),
  });
  const cases: readonly (readonly [string, string, (login: Login) => Promise<string | undefined>])[] = [
    ["no ID token", "no id_token", async () => undefined],
    ["another login's", "nonce", (login) => provider.key.sign({ ...claims(login), nonce: randomSecret() })],
    ["one without a nonce", "nonce", (login) => provider.key.sign({ ...claims(login), nonce: undefined })],
    ["another client's", "aud", (login) => provider.key.sign({ ...claims(login), aud: "other" })],
    [
      "another party's",
      "azp",
      (login) => provider.key.sign({ ...claims(login), aud: [publicClient, "other"], azp: "other" }),
    ],
    ["another issuer's", "iss", (login) => provider.key.sign({ ...claims(login), iss: "https://evil.test" })],
    ["an old one", "exp", (login) => provider.key.sign({ ...claims(login), exp: now() - 300 })],
    [
      "one by another key",
      "id_token",
      async (login) => (await providerKey(provider.key.kid)).sign(claims(login)),
    ],
  ];
  test.each(cases)("where the provider gives %s", async (_, check, made) => {
    const login = await Login.begin();
    const id = await made(login);
    const access = await provider.key.sign({ ...claims(login), aud: audience });
    provider.instead((request, response) => {
      if (request.url !== "/token") return response.writeHead(503).end();
      response.setHeader("content-type", "application/json");
      return response.end(
        JSON.stringify({ access_token: access, ...(id === undefined ? {} : { id_token: id }) }),
      );
    });
    try {
      expect(await login.callback()).toBeUndefined();
      expect(login.check).toContain(check);
    } finally {
      provider.instead(undefined);
    }
  });
});
