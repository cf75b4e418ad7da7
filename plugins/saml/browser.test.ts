import { beforeAll, describe, expect, test } from "bun:test";
import { challengeOf, randomSecret } from "../../core/identity/login-codes.ts";
import { testWebTools } from "../../core/testing/web-tools.ts";
import { openRig, type Rig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

const redirectUri = "https://grafana.example.com/.postern/signed-in";
let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});

/** A browser's login, as far as its code. */
async function signedIn(): Promise<{ login: SignIn; code: string; back: URL }> {
  const verifier = randomSecret();
  const wish = { redirectUri, state: "state-2", challenge: challengeOf(verifier) };
  const to = (await rig.open.web?.browser?.begin(wish, testWebTools(url))) ?? "";
  const login = SignIn.sent(rig.send, url, verifier, to);
  const answered = await login.post(rig.idp.answer(login.claims));
  return { login, code: SignIn.codeOf(answered), back: new URL(answered.headers.get("location") ?? "") };
}

const redeem = async (code: string, verifier: string, uri = redirectUri) =>
  (await rig.open.web?.browser
    ?.redeem({ code, verifier, redirectUri: uri })
    .catch((error: Error) => error.message)) ?? "";

describe("a browser's login", () => {
  test("comes back to the resource, and its code is a token's for the gateway", async () => {
    const { login, code, back } = await signedIn();
    expect([`${back.origin}${back.pathname}`, back.searchParams.get("state")]).toEqual([
      redirectUri,
      "state-2",
    ]);
    expect(await rig.open.identify(await redeem(code, login.verifier))).toMatchObject({ kind: "person" });
    expect(await redeem(code, login.verifier)).toContain("the code is unknown, used");
  });

  test("is worth no token over HTTP, nor is the command line's worth a browser's", async () => {
    const { login, code } = await signedIn();
    expect((await login.token(code)).status).toBe(403);
    expect(await rig.open.identify(await redeem(code, login.verifier))).toMatchObject({ kind: "person" });
    const line = await SignIn.begin(rig.send, url);
    const other = SignIn.codeOf(await line.post(rig.idp.answer(line.claims)));
    expect(await redeem(other, line.verifier, SignIn.redirectUri)).toContain("the code is unknown");
  });

  test("begins in the gateway alone: no address but loopback is taken over HTTP", async () => {
    for (const uri of [
      redirectUri,
      "https://127.0.0.1/",
      "http://localhost:1/",
      "http://127.0.0.1@evil.test/",
    ]) {
      const query = { redirect_uri: uri, state: "s", code_challenge: challengeOf("v") };
      const answer = await rig.send(new Request(`${url}/login?${new URLSearchParams(query)}`));
      expect([uri, answer.status, answer.headers.get("location")]).toEqual([uri, 403, null]);
    }
  });
});
