import { afterAll, beforeAll, describe, expect } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Whoami } from "../../core/control/api.ts";
import { needs, testWith } from "../needs.ts";
import { Browser } from "../servers/oidc.ts";
import type { Home } from "./home.ts";
import { SignedInDoor } from "./signed-in.ts";

/** The provider's device codes may be asked for every five seconds. */
const patience = 30_000;
const able = (name: string, body: () => Promise<void>) =>
  testWith(needs.postgres15, needs.psql)(name, body, patience);

describe("must hold 1: people sign in from the command line, with a real OpenID provider", () => {
  let door: SignedInDoor;
  beforeAll(async () => {
    if (!needs.postgres15) door = await SignedInDoor.open();
  }, patience);
  afterAll(async () => door?.[Symbol.asyncDispose]());

  /** Signed in as this account, by a browser. */
  async function signedIn(account: string): Promise<Home> {
    const home = door.home();
    const login = home.start(["login", door.url, "--browser"]);
    const url = await login.said(/http\S+(?=\n)/);
    const page = await new Browser(account).visit(url);
    expect(page.text).toContain("Signed in.");
    const { code, stdout, stderr } = await login.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(door.url);
    return home;
  }

  able("a browser with PKCE; the token is kept for its owner alone", async () => {
    const home = await signedIn("alice");
    expect(home.mode(home.loginFile)).toBe("600");
    expect(home.mode(join(home.loginFile, ".."))).toBe("700");
    const { stdout } = await home.postern(["whoami", "--json"]);
    const { identity, resources } = JSON.parse(stdout) as Whoami;
    expect(identity).toMatchObject({ subject: "alice", kind: "person", groups: ["support"] });
    expect(resources).toEqual([
      {
        name: "shop",
        protocol: "postgres",
        rights: [
          { rule: "support reads", may: ["read"] },
          { rule: "with a lead", may: ["write"] },
        ],
      },
    ]);
  });

  able("an answer with another state is none, and the login goes on", async () => {
    const home = door.home();
    const login = home.start(["login", door.url, "--browser"]);
    const url = new URL(await login.said(/http\S+(?=\n)/));
    const back = new URL(url.searchParams.get("redirect_uri") ?? "");
    back.search = "?code=stolen&state=guessed";
    expect((await fetch(back)).status).toBe(400);
    await new Browser("alice").visit(url.href);
    expect((await login.ended).code).toBe(0);
  });

  able("a device code, where there is no browser", async () => {
    const home = door.home();
    const login = home.start(["login", door.url]);
    const where = await login.said(/http\S+user_code\S+(?=\n)/);
    expect((await new Browser("alice").visit(where)).text).toContain("Signed in.");
    expect((await login.ended).code).toBe(0);
    expect((await home.postern(["whoami"])).stdout).toContain("alice");
  });

  able("a token that ends soon is renewed once, whoever is first", async () => {
    const home = await signedIn("alice");
    const { token, refreshToken } = home.login();
    home.ageLogin(1_000);
    const before = door.provider.requests.filter((path) => path === "/token").length;
    const ran = await Promise.all([1, 2, 3, 4].map(() => home.postern(["whoami"])));
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(door.provider.requests.filter((path) => path === "/token").length).toBe(before + 1);
    expect(home.login().token).not.toBe(token);
    expect(home.login().refreshToken).not.toBe(refreshToken);
    expect(home.mode(home.loginFile)).toBe("600");
  });

  able("logout ends it at the provider and removes the file", async () => {
    const home = await signedIn("alice");
    const { refreshToken, gateway } = home.login();
    const out = await home.postern(["logout"]);
    expect(out).toMatchObject({ code: 0, stdout: `Signed out of ${gateway}.\n`, stderr: "" });
    expect(existsSync(home.loginFile)).toBe(false);
    const again = await fetch(`${door.provider.issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: refreshToken ?? "",
        client_id: "postern-cli",
      }),
    });
    expect(await again.json()).toMatchObject({ error: "invalid_grant" });
    expect((await home.postern(["whoami"])).code).not.toBe(0);
  });

  able("a login that others could read is not used", async () => {
    const home = await signedIn("alice");
    chmodSync(home.loginFile, 0o644);
    const { code, stderr } = await home.postern(["whoami"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("login.unsafe") });
  });

  able("a token goes to the gateway that it is for, and to no other", async () => {
    const home = await signedIn("alice");
    const shown: (string | null)[] = [];
    using other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        shown.push(request.headers.get("authorization"));
        return new Response(null, { status: 404 });
      },
    });
    const elsewhere = `http://127.0.0.1:${other.port}`;
    const { code } = await home.postern(["whoami", "--gateway", elsewhere]);
    await home.postern(["approvals", "list", "--gateway", elsewhere]);
    expect([code, shown]).toEqual([4, [null]]);
  });

  able("connect runs psql as the person, and a command with its own exit status", async () => {
    const home = await signedIn("alice");
    const sql = "select count(*) from customers";
    const byPsql = await home.postern(["connect", "shop", "--", "psql", "-Atc", sql]);
    expect(byPsql).toEqual({ code: 0, stdout: "3\n", stderr: "" });
    const denied = await home.postern(["connect", "shop", "--", "psql", "-Atc", "delete from customers"]);
    expect({ code: denied.code, stderr: denied.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("Code: policy.denied"),
    });
    expect((await home.postern(["connect", "shop", "--", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await home.postern(["connect", "shop", "--", "sh", "-c", "kill -TERM $$"])).code).toBe(143);
  });

  able("connect passes signals on, and the password is on no command line", async () => {
    const home = await signedIn("alice");
    const script = `trap 'exit 9' TERM
      echo "$PGPASSWORD" >&2
      tr '\\0' ' ' < /proc/$PPID/cmdline >&2
      echo; echo ready >&2
      while :; do sleep 0.05; done`;
    const run = home.start(["connect", "shop", "--", "sh", "-c", script]);
    await run.said(/ready\n/);
    run.child.kill("SIGTERM");
    const { code, stderr } = await run.ended;
    expect(code).toBe(9);
    const [password = "", commandLine = ""] = stderr.split("\n");
    expect(password.length).toBeGreaterThan(20);
    expect(commandLine).toContain("connect shop");
    expect(commandLine).not.toContain(password);
  });

  able("connect does not follow where the caller's own variables lead", async () => {
    const home = await signedIn("alice");
    const variables = { PGHOSTADDR: "192.0.2.1", PGSERVICE: "elsewhere", PGOPTIONS: "-c search_path=evil" };
    const ran = await home.postern(["connect", "shop", "--", "psql", "-Atc", "select 1"], variables);
    expect(ran).toEqual({ code: 0, stdout: "1\n", stderr: "" });
  });

  able("from elsewhere an approver sees what they may answer, and answers it", async () => {
    const [alice, bob] = [await signedIn("alice"), await signedIn("bob")];
    const insert = "insert into orders values (41, 'from afar')";
    const held = alice.start(["connect", "shop", "--", "psql", "-qc", insert]);
    await held.said(/waits for an approval/);
    const waiting = async (home: Home) => (await home.postern(["approvals", "list", "--json"])).stdout;
    expect(await waiting(alice)).not.toContain("from afar");
    const id = /hold_\w+/.exec(await waiting(bob))?.[0] ?? "none";
    expect((await bob.postern(["approvals", "approve", id])).stdout).toStartWith("approved\n");
    expect((await held.ended).code).toBe(0);
    expect(await door.server.sql("select note from orders where id = 41")).toEqual([["from afar"]]);
  });

  able("from elsewhere a caller gets a credential, sees their own and takes it back", async () => {
    const [alice, bob] = [await signedIn("alice"), await signedIn("bob")];
    const issued = await alice.postern(["credentials", "issue", "shop", "--json"]);
    expect(issued.stderr).toBe("");
    const { id } = JSON.parse(issued.stdout) as { id: string };
    expect((await alice.postern(["credentials", "list"])).stdout).toContain(id);
    expect((await bob.postern(["credentials", "list"])).stdout).not.toContain(id);
    expect((await bob.postern(["credentials", "revoke", id])).code).toBe(1);
    expect((await alice.postern(["credentials", "revoke", id])).code).toBe(0);
    expect((await alice.postern(["credentials", "list"])).stdout).not.toContain(id);
  });

  able("strangers learn nothing of what web serves", async () => {
    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${door.url}${path}`, { ...init, tls: { rejectUnauthorized: false } });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    for (const path of ["/v1/whoami", "/v1/status", "/v1/sessions", "/v1/no-such"]) {
      expect(await ask(path)).toEqual([401, "request.no-token"]);
      expect(await ask(path, { headers: { authorization: "Bearer forged" } })).toEqual([
        401,
        "identity.refused",
      ]);
    }
    for (const path of ["/", "/healthz", "/metrics", "/identity/none/login", "/signals/none"]) {
      expect(await ask(path)).toEqual([404, "request.no-route"]);
    }
  });

  able("who is signed in operates nothing", async () => {
    const home = await signedIn("alice");
    const { token } = home.login();
    const ask = async (method: string, path: string) => {
      const init = {
        method,
        headers: { authorization: `Bearer ${token}` },
        tls: { rejectUnauthorized: false },
      };
      return (await fetch(`${door.url}/v1${path}`, init)).status;
    };
    expect(await ask("GET", "/status")).toBe(404);
    expect(await ask("GET", "/sessions")).toBe(404);
    expect(await ask("GET", "/audit")).toBe(404);
    expect(await ask("POST", "/tokens")).toBe(404);
    expect(await ask("POST", "/policy/reload")).toBe(404);
    expect(await ask("POST", "/endings")).toBe(404);
  });
});
