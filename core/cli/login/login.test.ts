import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoginMethod } from "../../web.ts";
import { cli } from "../testing/cli.ts";
import { gatewayUrl } from "./gateway.ts";
import { readLogin, type StoredLogin, writeLogin } from "./stored.ts";

/** Gateway and provider in one: what each path answers, and what was asked. */
let server: Bun.Server<undefined>;
let answers: Record<string, (request: Request, form: URLSearchParams) => Response | object>;
let asked: string[];
let HOME: string;
const url = () => `http://127.0.0.1:${server.port}`;
const method = (name: string): LoginMethod => ({
  ...{ kind: "oidc", name, issuer: url(), clientId: "cli", scopes: ["openid"] },
});
const declined = (error: string) => Response.json({ error }, { status: 400 });
const stored = (more: Partial<StoredLogin> = {}) =>
  writeLogin({ HOME }, { gateway: url(), token: "old", obtained: Date.now() - 600_000, ...more });

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const form = new URLSearchParams(await request.text());
      asked.push(pathname);
      const answer = answers[pathname]?.(request, form) ?? new Response(null, { status: 404 });
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
});
afterAll(() => server.stop(true));
beforeEach(() => {
  HOME = mkdtempSync(join(tmpdir(), "postern-home-"));
  asked = [];
  answers = {
    "/.well-known/postern": () => ({ version: "0", url: url(), login: [method("corp")] }),
    "/.well-known/openid-configuration": () => ({
      issuer: url(),
      token_endpoint: `${url()}/token`,
      device_authorization_endpoint: `${url()}/device`,
    }),
    "/device": () => ({
      device_code: "d",
      user_code: "AB\u001b[31mC",
      verification_uri: `${url()}/go`,
      interval: 0.001,
    }),
    "/v1/whoami": (request) =>
      request.headers.get("authorization") === "Bearer new"
        ? {
            label: "alice",
            identity: { issuer: url(), subject: "alice", kind: "person", groups: [] },
            resources: [],
          }
        : Response.json({ status: 401, code: "identity.refused", message: "not accepted" }, { status: 401 }),
    "/token": () => ({ access_token: "new", refresh_token: "r2", expires_in: 600 }),
  };
});

test("a device code is asked for until somebody has entered it", async () => {
  const waits = ["authorization_pending", "authorization_pending"];
  const forms: string[] = [];
  answers["/token"] = (_, form) => {
    forms.push(String(form));
    const wait = waits.shift();
    return wait === undefined ? { access_token: "new", expires_in: 60 } : declined(wait);
  };
  const { code, out, err } = await cli(["login", url()], { env: { HOME } });
  expect([code, out]).toEqual([0, `Signed in to ${url()}: alice\n`]);
  expect(err).toContain("AB\\x1b[31mC");
  expect(forms).toHaveLength(3);
  expect(forms[0]).toBe(
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d&client_id=cli",
  );
  expect(readLogin({ HOME })).toMatchObject({ gateway: url(), token: "new", method: method("corp") });
});

test("who is refused there, or here, is not signed in", async () => {
  answers["/token"] = () => declined("access_denied");
  const there = await cli(["login", url(), "--json"], { env: { HOME } });
  expect([there.code, JSON.parse(there.err.split("\n").at(-2) ?? "").error.code]).toEqual([
    1,
    "login.refused",
  ]);
  answers["/token"] = () => ({ access_token: "of somebody else" });
  expect((await cli(["login", url()], { env: { HOME } })).code).toBe(4);
  expect(readLogin({ HOME })).toBeUndefined();
});

test("of several ways one must be named", async () => {
  answers["/.well-known/postern"] = () => ({ login: [method("corp"), method("partners")] });
  const { code, err } = await cli(["login", url()], { env: { HOME } });
  expect([code, err]).toEqual([1, expect.stringContaining("Choose with --provider: corp, partners.")]);
  expect((await cli(["login", url(), "--provider", "partners"], { env: { HOME } })).code).toBe(0);
});

test("a provider that calls itself something else is not trusted with anything", async () => {
  answers["/.well-known/openid-configuration"] = () => ({
    issuer: "https://evil",
    token_endpoint: `${url()}/token`,
  });
  const { err } = await cli(["login", url()], { env: { HOME } });
  expect(err).toContain("login.provider");
  expect(asked).not.toContain("/token");
});

test("a token that was got elsewhere is tried, and kept", async () => {
  const file = join(HOME, "token");
  writeFileSync(file, "new\n");
  expect((await cli(["login", url(), "--token-file", file], { env: { HOME } })).code).toBe(0);
  expect(readLogin({ HOME })).toMatchObject({ token: "new" });
  expect(readLogin({ HOME })?.method).toBeUndefined();
});

test("what ends soon is renewed with the refresh token, and the new one is kept", async () => {
  stored({ method: method("corp"), refreshToken: "r1", expires: Date.now() + 1_000 });
  let form = "";
  answers["/token"] = (_, given) => {
    form = String(given);
    return { access_token: "new", refresh_token: "r2", expires_in: 600 };
  };
  expect((await cli(["whoami"], { env: { HOME } })).code).toBe(0);
  expect(form).toBe("grant_type=refresh_token&refresh_token=r1&client_id=cli");
  expect(readLogin({ HOME })).toMatchObject({ token: "new", refreshToken: "r2" });
  // The next one has nothing to renew, and a provider that gives no new refresh token leaves the old one good.
  expect(asked.filter((path) => path === "/token")).toHaveLength(1);
  stored({ method: method("corp"), refreshToken: "r3", expires: Date.now() - 1 });
  answers["/token"] = () => ({ access_token: "new", expires_in: 600 });
  await cli(["whoami"], { env: { HOME } });
  expect(readLogin({ HOME })).toMatchObject({ token: "new", refreshToken: "r3" });
});

test("while a token holds, a provider that is down is no matter; after it one must sign in again", async () => {
  answers["/token"] = () => declined("invalid_grant");
  stored({ token: "new", method: method("corp"), refreshToken: "r1", expires: Date.now() + 5_000 });
  expect((await cli(["whoami"], { env: { HOME } })).code).toBe(0);
  stored({ token: "new", method: method("corp"), refreshToken: "r1", expires: Date.now() - 1 });
  const { code, err } = await cli(["whoami"], { env: { HOME } });
  expect([code, err]).toEqual([4, expect.stringContaining("login.expired")]);
});

test("logout forgets also what its provider cannot take back", async () => {
  stored({ method: method("corp"), refreshToken: "r1" });
  const { code, err } = await cli(["logout"], { env: { HOME } });
  expect([code, err]).toEqual([0, expect.stringContaining("good until it expires")]);
  expect(existsSync(join(HOME, ".config/postern/login.json"))).toBe(false);
  expect((await cli(["logout"], { env: { HOME } })).err).toBe("You were not signed in.\n");
});

test("a redirect is not followed with a token", async () => {
  stored({ token: "new" });
  answers["/v1/whoami"] = () => Response.redirect(`${url()}/elsewhere`, 307);
  expect((await cli(["whoami"], { env: { HOME } })).code).toBe(1);
  expect(asked).not.toContain("/elsewhere");
});

test("a token crosses only TLS or this machine", () => {
  expect(gatewayUrl("gw.example.com:8443/")).toBe("https://gw.example.com:8443");
  expect(gatewayUrl("http://127.0.0.1:8080")).toBe("http://127.0.0.1:8080");
  for (const wrong of [
    "http://gw.example.com",
    "ftp://gw",
    "https://a@gw",
    "https://gw/?a",
    "",
    "http://127.0.0.1.evil.com",
  ]) {
    expect(() => gatewayUrl(wrong)).toThrow("no gateway to trust with a token");
  }
});

test("a gateway that signs people in itself gives its code to the browser, and its token for the code", async () => {
  const browser = join(HOME, "browser");
  writeFileSync(browser, `#!${process.execPath}\nawait fetch(Bun.argv[2]);\n`, { mode: 0o700 });
  answers["/.well-known/postern"] = () => ({ login: [{ kind: "gateway", name: "corp", path: "corp" }] });
  let begun = new URLSearchParams();
  answers["/identity/corp/login"] = (request) => {
    begun = new URL(request.url).searchParams;
    const back = new URLSearchParams({ code: "once", state: begun.get("state") ?? "" });
    return Response.redirect(`${begun.get("redirect_uri")}?${back}`, 303);
  };
  let form = new URLSearchParams();
  answers["/identity/corp/token"] = (_, given) => {
    form = given;
    return { access_token: "new", expires_in: 600 };
  };
  expect((await cli(["login", url()], { env: { HOME, BROWSER: browser } })).code).toBe(0);
  expect(begun.get("redirect_uri")).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  expect([form.get("code"), form.get("redirect_uri")]).toEqual(["once", begun.get("redirect_uri")]);
  const challenge = createHash("sha256")
    .update(form.get("code_verifier") ?? "")
    .digest("base64url");
  expect([begun.get("code_challenge"), begun.get("code_challenge_method")]).toEqual([challenge, "S256"]);
  expect((await cli(["login", url(), "--device"], { env: { HOME } })).err).toContain("login.method");
});

test("a code of another issuer is not exchanged (RFC 9207)", async () => {
  const browser = join(HOME, "browser");
  writeFileSync(browser, `#!${process.execPath}\nawait fetch(Bun.argv[2]);\n`, { mode: 0o700 });
  answers["/.well-known/openid-configuration"] = () => ({
    ...{ issuer: url(), token_endpoint: `${url()}/token`, authorization_endpoint: `${url()}/auth` },
  });
  answers["/auth"] = (request) => {
    const { searchParams } = new URL(request.url);
    const back = { code: "theirs", state: searchParams.get("state") ?? "", iss: "https://evil.example.com" };
    return Response.redirect(`${searchParams.get("redirect_uri")}?${new URLSearchParams(back)}`, 303);
  };
  const { err } = await cli(["login", url(), "--browser"], { env: { HOME, BROWSER: browser } });
  expect(err).toContain("login.refused");
  expect(asked).not.toContain("/token");
});

test("no secret is in what is printed", async () => {
  stored({ token: "new", refreshToken: "r1" });
  const ran = await cli(["whoami"], { env: { HOME } });
  expect(ran.out + ran.err).not.toContain("r1");
  expect(readFileSync(join(HOME, ".config/postern/login.json"), "utf8")).toContain("r1");
});
