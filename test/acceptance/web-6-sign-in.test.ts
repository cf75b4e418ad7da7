import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OidcServer, startOidc } from "../servers/oidc.ts";
import { BrowserDoor, byOidc, callback, cookieOf } from "./browser-door.ts";

/** Must hold 6: attacks on signing in, written out, as no browser would send them. */

let oidc: OidcServer;
let door: BrowserDoor;
let grafana: string;
/** Each test's own login cookie of alice at grafana. */
let cookie: string;
beforeAll(async () => {
  oidc = await startOidc({ redirectUris: [callback] });
  door = await BrowserDoor.open({ plugins: ["oidc"], identity: byOidc(oidc) });
  grafana = door.authority("grafana");
  cookie = await door.signIn("grafana");
}, 60_000);
afterAll(async () => {
  await door?.close();
  await oidc?.stop();
});

const code = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
/** A page that says no, and sets nothing that lets anybody in. */
async function refused(answer: Response): Promise<void> {
  expect([answer.status, (await answer.text()).includes("identity.refused")]).toEqual([401, true]);
  expect(answer.headers.getSetCookie().filter((set) => /^__Host-postern=[^;]/.test(set))).toEqual([]);
}

describe("must hold 6: the way back from the identity provider", () => {
  test("works once: neither code nor state is taken twice", async () => {
    const login = await door.begin("grafana", "/here?a=1");
    const answer = await door.open(grafana, login.back, login.cookie);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, door.url("grafana", "/here?a=1")]);
    await refused(await door.open(grafana, login.back, login.cookie));
  });

  test("is for the browser that began: without its cookie, with another login's, with one that is made up", async () => {
    const own = await door.begin("grafana", "/", "bob");
    const [, value] = own.cookie.split("=");
    for (const shown of [
      () => "",
      () => own.cookie,
      (theirs: string) => `${theirs.split("=")[0]}=${value}`,
      (theirs: string) => `${theirs}; ${theirs}`,
    ]) {
      const theirs = await door.begin("grafana");
      await refused(await door.open(grafana, theirs.back, shown(theirs.cookie)));
      // Whoever began it gets nothing any more out of where another browser has been.
      await refused(await door.open(grafana, theirs.back, theirs.cookie));
    }
  });

  test("ends at the host where it began", async () => {
    for (const host of [
      door.authority("wiki"),
      "grafana.example.test",
      `x.wild.example.test:${door.door.port}`,
    ]) {
      const login = await door.begin("grafana");
      await refused(await door.open(host, login.back, login.cookie));
      await refused(await door.open(grafana, login.back, login.cookie));
    }
  });

  test("lets nobody in whom no rule lets in, and does not send them round in circles", async () => {
    const login = await door.begin("grafana", "/", "bob");
    const answer = await door.open(grafana, login.back, login.cookie);
    expect([answer.status, (await answer.text()).includes("policy.no-rule")]).toEqual([403, true]);
    expect(answer.headers.getSetCookie().map((set) => set.includes("Max-Age=0"))).toEqual([true]);
  });

  test("says one code and one state, and those of one login", async () => {
    const begin = async () => [await door.begin("grafana"), await door.begin("grafana")] as const;
    const [login, other] = await begin();
    const [one, two] = [login, other].map(({ back }) => new URLSearchParams(back.split("?")[1]));
    const mixed = `/.postern/signed-in?code=${two?.get("code")}&state=${one?.get("state")}`;
    await refused(await door.open(grafana, `${login.back}&code=x`, login.cookie));
    await refused(await door.open(grafana, `${login.back}&state=x`, login.cookie));
    await refused(await door.open(grafana, mixed, login.cookie));
  });

  test("is no page of the resource's, in whatever spelling", async () => {
    const before = door.grafana.seen.length;
    const paths = [
      "/.postern",
      "/.postern/",
      "/.postern/x",
      "/%2epostern/signed-in?code=a",
      "/.postern/signed-in",
    ];
    for (const path of paths)
      expect((await door.open(grafana, path, cookie)).status).toBeGreaterThanOrEqual(400);
    for (const path of ["/.postern//x", "/.postern/..%2fx", "//.postern/x", "/.postern/%2e%2e/x"])
      expect(await door.head(grafana, path, cookie)).toMatch(/^HTTP\/1.1 4/);
    expect(door.grafana.seen.slice(before).filter(({ path }) => path.includes("postern"))).toEqual([]);
  });
});

describe("must hold 6: who is sent to sign in, and back to where", () => {
  test("a person with a browser; programs and frames get 401", async () => {
    const ask = (headers: Record<string, string>, method?: string) => door.ask(grafana, "/", headers, method);
    const html = { accept: "text/html,*/*;q=0.8" };
    expect((await ask(html)).status).toBe(303);
    for (const headers of [
      {},
      { accept: "application/json" },
      { ...html, "sec-fetch-mode": "cors" },
      { ...html, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    ]) {
      expect(await code(await ask(headers))).toEqual([401, "identity.required"]);
    }
    expect(await code(await ask(html, "POST"))).toEqual([401, "identity.required"]);
    expect(await code(await ask({ ...html, authorization: "Bearer bad" }))).toEqual([
      401,
      "identity.refused",
    ]);
  });

  test("only at a host and a port that the policy names for it", async () => {
    const { port } = door.door;
    for (const host of [
      "grafana.example.test:1",
      `evil.example.test:${port}`,
      `x.wild.example.test:${port}`,
      `*.wild.example.test:${port}`,
      `grafana.example.test.evil.test:${port}`,
      `127.0.0.1:${port}`,
    ]) {
      const answer = await door.open(host, "/");
      expect([host, answer.headers.get("location"), answer.status >= 400]).toEqual([host, null, true]);
    }
    const byPath = await door.open(`127.0.0.1:${port}`, "/api/");
    expect(await code(byPath)).toEqual([401, "identity.required"]);
    // As through a port that is mapped.
    expect((await door.open("grafana.example.test", "/")).status).toBe(303);
  });

  test("nothing else begins one: the gateway's own address takes no place to go back to", async () => {
    const back = encodeURIComponent(door.url("grafana", "/.postern/signed-in"));
    const query = `redirect_uri=${back}&state=a&code_challenge=${"a".repeat(43)}`;
    for (const path of ["login", "token", "callback"]) {
      const answer = await fetch(`${door.web}/identity/provider/${path}?${query}`, { redirect: "manual" });
      expect([path, answer.headers.get("location"), answer.status >= 400]).toEqual([path, null, true]);
    }
  });

  test("what looks like another site in the path is none", async () => {
    for (const path of [
      "/?next=//evil.test",
      "/@evil.test",
      "/a?b=\\evil",
      "/.evil.test/",
      "/;//evil.test",
    ]) {
      const sent = await door.open(grafana, path);
      if (sent.status === 400) continue;
      const login = await door.begin("grafana", path);
      const answer = await door.open(grafana, login.back, login.cookie);
      expect(new URL(answer.headers.get("location") ?? "").origin).toBe(new URL(door.url("grafana")).origin);
    }
    for (const path of ["//evil.test", "/\\evil.test", "/%5cevil.test", "/%2f%2fevil.test"])
      expect(await door.head(grafana, path, "a=b")).toStartWith("HTTP/1.1 400");
  });

  test("one browser has no more than eight logins under way", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `__Host-postern-login-${at}=x`);
    const sent = await door.open(grafana, "/", names.join("; "));
    const gone = sent.headers.getSetCookie().filter((set) => set.includes("Max-Age=0"));
    expect([sent.status, gone.length]).toEqual([303, 13]);
    expect(cookieOf(sent)).toStartWith("__Host-postern-login-");
  });
});

describe("must hold 6: the login cookie", () => {
  test("counts at its resource alone, and never below a path", async () => {
    const before = [door.wiki.seen.length, door.grafana.seen.length];
    expect((await door.ask(door.authority("wiki"), "/", { cookie })).status).toBe(403);
    expect(await code(await door.ask("127.0.0.1", "/api/", { cookie }))).toEqual([401, "identity.required"]);
    expect([door.wiki.seen.length, door.grafana.seen.length]).toEqual(before as [number, number]);
    expect((await door.ask(grafana, "/", { cookie })).status).toBe(200);
  });

  test("lasts no longer than the rule lets a session", async () => {
    const { cookie: begun, back } = await door.begin("wiki");
    const [set = ""] = (await door.open(door.authority("wiki"), back, begun)).headers.getSetCookie();
    const [, seconds] =
      /^__Host-postern=pc_.*; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=(\d+)$/.exec(set) ?? [];
    expect(Math.ceil(Number(seconds) / 60)).toBe(2);
  });

  test("two of its name are one too many, wherever the other comes from", async () => {
    const before = door.grafana.seen.length;
    const other = "__Host-postern=pc_1.x";
    for (const both of [`${cookie}; ${other}`, `${other}; ${cookie}`, `${cookie};${cookie}`])
      expect(await code(await door.ask(grafana, "/", { cookie: both }))).toEqual([400, "http.login"]);
    expect(door.grafana.seen.length).toBe(before);
  });

  test("of another name counts for nothing: without the prefix, in other capitals", async () => {
    const [, value] = cookie.split(/=(.*)/);
    for (const name of [
      "postern",
      "postern-local",
      "__host-postern",
      "__Host-postern-login-x",
      "__Secure-postern",
    ])
      expect((await door.ask(grafana, "/", { cookie: `${name}=${value}` })).status).toBe(401);
  });

  test("lets only the site's own pages change something", async () => {
    const own = new URL(door.url("grafana")).origin;
    const post = (headers: Record<string, string>, method = "POST") =>
      door.ask(grafana, "/change", { cookie, ...headers }, method);
    const before = door.grafana.seen.length;
    for (const headers of [
      {},
      { origin: "null" },
      { origin: "https://evil.test" },
      { origin: `${own}.evil.test` },
      { origin: new URL(door.url("wiki")).origin },
      { origin: own.replace("https", "http") },
      { origin: "https://grafana.example.test" },
      { origin: own, "sec-fetch-site": "same-site" },
      { origin: own, "sec-fetch-site": "cross-site" },
      { origin: "https://evil.test", "sec-fetch-site": "same-origin" },
    ]) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH"])
        expect(await code(await post(headers, method))).toEqual([403, "http.cross-site"]);
    }
    const framed = { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" };
    expect(await code(await post(framed, "GET"))).toEqual([403, "http.cross-site"]);
    const socket = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    for (const origin of [{}, { origin: "https://evil.test" }])
      expect(
        await code(await post({ ...socket, ...origin, "sec-fetch-site": "same-origin" }, "GET")),
      ).toEqual([403, "http.cross-site"]);
    expect(door.grafana.seen.length).toBe(before);
    expect((await post({ origin: own })).status).toBe(200);
    expect((await post({ origin: "null", "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test("has company: a password that a browser keeps is not for other sites to use either", async () => {
    const authorization = `Basic ${btoa(`any:${await door.door.token("alice", "support")}`)}`;
    const post = (headers: Record<string, string>) =>
      door.ask(grafana, "/change", { authorization, ...headers }, "POST");
    expect(await code(await post({ "sec-fetch-site": "cross-site" }))).toEqual([403, "http.cross-site"]);
    expect((await post({})).status).toBe(200);
  });

  test("signs out by our own page alone, which nothing frames; and then counts nowhere", async () => {
    const mine = await door.signIn("grafana");
    const path = "/.postern/sign-out";
    const page = await door.open(grafana, path, mine);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect([page.status, page.headers.get("x-frame-options"), page.headers.getSetCookie()]).toEqual([
      200,
      "DENY",
      [],
    ]);
    for (const origin of [{}, { origin: "https://evil.test" }])
      expect(await code(await door.ask(grafana, path, { cookie: mine, ...origin }, "POST"))).toEqual([
        403,
        "http.cross-site",
      ]);
    expect((await door.ask(grafana, "/", { cookie: mine })).status).toBe(200);
    const origin = new URL(door.url("grafana")).origin;
    const out = await door.ask(grafana, path, { cookie: mine, origin }, "POST");
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([
      200,
      "__Host-postern=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    ]);
    expect((await door.ask(grafana, "/", { cookie: mine })).status).toBe(401);
    expect((await door.ask(grafana, path, { cookie: mine, origin }, "POST")).status).toBe(200);
  });

  test("ends when its person signs out at the identity provider", async () => {
    oidc.tellLogouts(`${door.web}/identity/provider/logout`);
    const mine = await door.signIn("grafana");
    expect((await door.ask(grafana, "/", { cookie: mine })).status).toBe(200);
    await oidc.logout("alice");
    expect((await door.ask(grafana, "/", { cookie: mine })).status).toBe(401);
    expect((await door.open(grafana, "/", mine)).status).toBe(303);
  });
});
