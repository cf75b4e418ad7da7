import { afterEach, beforeAll, describe, expect, setSystemTime, test } from "bun:test";
import { decodeJwt } from "jose";
import { entityId, openRig, type Rig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterEach(() => {
  setSystemTime();
});

async function signedIn(on = rig, claims = {}): Promise<{ login: SignIn; code: string }> {
  const login = await SignIn.begin(on.send, url);
  const answered = await login.post(on.idp.answer({ ...login.claims, ...claims }));
  return { login, code: SignIn.codeOf(answered) };
}

async function tokenOf(on: Rig, claims = {}): Promise<string> {
  const { login, code } = await signedIn(on, claims);
  const answered = (await (await login.token(code)).json()) as { access_token: string };
  return answered.access_token;
}

async function refusal(answered: Response | Promise<Response>): Promise<string> {
  expect((await answered).status).toBe(403);
  return rig.refused.at(-1) ?? "";
}

describe("the metadata of the service provider", () => {
  test("says who we are, where we listen and what we want signed", async () => {
    const answered = await rig.send(new Request(`${url}/metadata`));
    expect(answered.headers.get("content-type")).toBe("application/samlmetadata+xml");
    const xml = await answered.text();
    expect(xml).toContain(`entityID="${entityId}"`);
    expect(xml).toContain('WantAssertionsSigned="true"');
    expect(xml).toContain(`Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${url}/acs"`);
  });

  test("there is nothing else", async () => {
    for (const path of ["", "constructor", "acs", "logins"]) {
      expect((await rig.send(new Request(`${url}/${path}`))).status).toBe(404);
    }
  });
});

describe("the beginning of a login", () => {
  const good = {
    redirect_uri: "http://127.0.0.1:7777/callback",
    state: "s",
    code_challenge: "A".repeat(43),
  };
  const begin = (query: Record<string, string>) =>
    rig.send(new Request(`${url}/login?${new URLSearchParams(query)}`));

  test("goes to the identity provider, by its HTTP-Redirect binding", async () => {
    const login = await SignIn.begin(rig.send, url);
    expect(`${login.sentTo.origin}${login.sentTo.pathname}`).toBe(rig.idp.entryPoint);
    expect(login.claims).toEqual({
      request: expect.stringMatching(/^_[\w-]{43}$/),
      recipient: `${url}/acs`,
      audience: entityId,
    });
    expect((await begin({ ...good, redirect_uri: "http://[::1]:1/" })).status).toBe(303);
  });

  for (const uri of [
    "http://localhost:7777/",
    "https://127.0.0.1:7777/",
    "http://127.0.0.1.evil.example/",
    "http://127.0.0.1@evil.example/",
    "http://user@127.0.0.1/",
    "http://evil.example/",
    "http://127.0.0.1/#x",
    "javascript:alert(1)",
    "//127.0.0.1/",
    "",
  ]) {
    test(`never comes back to ${uri || "nowhere"}`, async () => {
      expect(await refusal(begin({ ...good, redirect_uri: uri }))).toContain("redirect_uri");
    });
  }

  test("needs a challenge (S256) and a state", async () => {
    expect(await refusal(begin({ ...good, code_challenge: "" }))).toContain("code_challenge is missing");
    expect(await refusal(begin({ ...good, code_challenge: "short" }))).toContain("no SHA-256");
    expect(await refusal(begin({ ...good, code_challenge_method: "plain" }))).toContain("not S256");
    expect(await refusal(begin({ ...good, state: "" }))).toContain("state is missing");
    expect(await refusal(begin({ ...good, state: "s".repeat(513) }))).toContain("state is longer");
    const twice = new URLSearchParams(good);
    twice.append("redirect_uri", "http://evil.example/");
    expect(await refusal(rig.send(new Request(`${url}/login?${twice}`)))).toContain("more than once");
  });
});

describe("the answer", () => {
  test("comes back to the command line with its state and a code", async () => {
    const login = await SignIn.begin(rig.send, url);
    const answered = await login.post(rig.idp.answer(login.claims));
    const back = new URL(answered.headers.get("location") ?? "");
    expect(`${back.origin}${back.pathname}`).toBe(SignIn.redirectUri);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      state: "state-1",
      code: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  test("is accepted once, also when it comes twice at the same time", async () => {
    const login = await SignIn.begin(rig.send, url);
    const answer = rig.idp.answer(login.claims);
    const answered = await Promise.all([1, 2, 3].map(() => login.post(answer)));
    expect(answered.map(({ status }) => status).sort()).toEqual([303, 403, 403]);
    expect(rig.refused.slice(-2)).toEqual(Array(2).fill("saml: the assertion was used before"));
    expect(await refusal(login.post(answer))).toContain("answers no login that began here");
  });

  test("is not accepted for another login, nor after ten minutes", async () => {
    const [login, other] = [await SignIn.begin(rig.send, url), await SignIn.begin(rig.send, url)];
    const answer = rig.idp.answer(login.claims);
    expect(await refusal(login.post(answer, other.relayState))).toContain("RelayState is of another login");
    expect(await refusal(login.post(answer, ""))).toContain("RelayState is missing");
    setSystemTime(Date.now() + 601_000);
    expect(await refusal(login.post(rig.idp.answer(login.claims)))).toContain("took too long");
  });

  test("is a form with base64 of UTF-8, no more", async () => {
    const login = await SignIn.begin(rig.send, url);
    const { relayState: RelayState } = login;
    expect(await refusal(login.form("acs", { RelayState }))).toContain("SAMLResponse is missing");
    expect(await refusal(login.form("acs", { RelayState, SAMLResponse: "<xml/>" }))).toContain("no base64");
    const latin = Buffer.from([0x3c, 0xe9, 0x2f, 0x3e]).toString("base64");
    expect(await refusal(login.form("acs", { RelayState, SAMLResponse: latin }))).toContain("no UTF-8");
    const json = new Request(`${url}/acs`, { method: "POST", body: "{}" });
    expect(await refusal(rig.send(json))).toContain("no form");
  });
});

describe("the code", () => {
  test("is good once", async () => {
    const { login, code } = await signedIn();
    expect((await login.token(code)).status).toBe(200);
    expect(await refusal(login.token(code))).toContain("the code is unknown, used");
  });

  test("is good for whoever began the login, and spent by the first attempt of another", async () => {
    const { login, code } = await signedIn();
    expect(await refusal(login.token(code, { code_verifier: "x".repeat(43) }))).toContain(
      "code_verifier is not",
    );
    expect(await refusal(login.token(code))).toContain("the code is unknown, used");
  });

  test("is good for a minute", async () => {
    const { login, code } = await signedIn();
    setSystemTime(Date.now() + 60_001);
    expect(await refusal(login.token(code))).toContain("older than a minute");
  });

  test("is good for the redirect URI of the login", async () => {
    const first = await signedIn();
    const other = { redirect_uri: "http://127.0.0.1:1/" };
    expect(await refusal(first.login.token(first.code, other))).toContain("redirect_uri is not");
    const { login, code } = await signedIn();
    const same = { redirect_uri: SignIn.redirectUri, grant_type: "authorization_code" };
    expect((await login.token(code, same)).headers.get("cache-control")).toBe("no-store");
    expect(await refusal(login.token(code, { grant_type: "password" }))).toContain("grant_type");
  });
});

describe("who has signed in", () => {
  test("is what the chosen attributes say", async () => {
    const options = { subject: "uid", groups: ["groups", "roles"], name: "cn", person: "mail" } as const;
    const chosen = await openRig(options);
    const attributes = {
      uid: ["a-7"],
      roles: ["dba", "&lt;b&gt;"],
      cn: ["Alice A."],
      mail: ["alice@example.com"],
    };
    expect(await chosen.open.identify(await tokenOf(chosen, { attributes }))).toMatchObject({
      subject: "a-7",
      groups: ["staff", "dba", "<b>"],
      name: "Alice A.",
      person: "alice@example.com",
    });
    for (const lack of [{}, { ...attributes, mail: [] }, { ...attributes, uid: ["a", "b"] }]) {
      const login = await SignIn.begin(chosen.send, url);
      await login.post(chosen.idp.answer({ ...login.claims, attributes: lack }));
      expect(chosen.refused.at(-1)).toContain("has not exactly one value");
    }
  });

  test("stays no longer than the login session at the identity provider, or ttl", async () => {
    const sessionEnds = Date.now() + 100_000;
    expect(decodeJwt(await tokenOf(rig, { sessionEnds })).exp).toBe(Math.floor(sessionEnds / 1000));
    const short = await openRig({ ttl: "10s" });
    const { exp, iat } = decodeJwt(await tokenOf(short));
    expect(Number(exp) - Number(iat)).toBe(10);
  });

  test("is refused where their groups make a token that no gateway reads", async () => {
    const groups = Array.from({ length: 1_000 }, (_, at) => `a-group-of-people-${at}`);
    const { login, code } = await signedIn(rig, { attributes: { groups } });
    expect(await refusal(login.token(code))).toContain("the limit is");
  });
});
