import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { attacks } from "../../plugins/saml/testing/attacks.ts";
import { type Claims, TestIdp } from "../../plugins/saml/testing/idp.ts";
import { SignIn } from "../../plugins/saml/testing/sign-in.ts";
import { needs, testWith } from "../needs.ts";
import { Postern } from "../postern.ts";
import { sendFrom } from "../send-from.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { mail, memberOf, type SamlIdp, startSamlIdp } from "../servers/saml.ts";
import { entriesIn } from "../trail.ts";
import { Home } from "./home.ts";

const entityId = "https://gateway.example.com/identity/corp/metadata";

const sleeping =
  "select pid from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()";

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(10);
}

function policyText(idp: SamlIdp, databasePort: number): string {
  return `
import { gateway, group } from "postern";
import { env, postgres, saml } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  web: { port: 0, insecure: true },
  identity: [
    saml({
      path: "corp",
      entityId: "${entityId}",
      idp: { metadata: ${JSON.stringify(idp.metadata)} },
      groups: ["${memberOf}", "groups"],
      person: ${JSON.stringify(mail)},
    }),
  ],
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${databasePort},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [{ name: "staff reads", who: group("staff"), on: "shop", may: ["read", "execute"] }],
});
`;
}

describe("must hold 2: SAML", () => {
  const lacks = [needs.postgres18, needs.saml];
  let folder: string;
  let idp: SamlIdp;
  let server: PostgresServer;
  let gateway: Postern;
  let stranger: TestIdp;
  let url: string;
  beforeAll(async () => {
    if (lacks.some((lack) => lack !== undefined)) return;
    folder = mkdtempSync(join(tmpdir(), "postern-saml-"));
    [idp, server, stranger] = await Promise.all([
      startSamlIdp(),
      startPostgres({ version: 18, password: "fixture-password" }),
      TestIdp.create(),
    ]);
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(idp, server.port));
    gateway = new Postern(policy, join(folder, "data"), join(folder, "log"), {
      DATABASE_PASSWORD: "fixture-password",
    });
    await gateway.start();
    const [, port] = /"protocol":"web"[^}]*"port":(\d+)/.exec(gateway.logged()) ?? [];
    url = `http://127.0.0.1:${port}/identity/corp`;
    await idp.trust(await (await fetch(`${url}/metadata`)).text());
  }, 60_000);
  afterAll(async () => {
    await gateway?.kill();
    await Promise.all([idp?.close(), server?.close()]);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Each test comes from an address of its own, so that no failure of one makes another wait. */
  let last = 1;
  function begin(): Promise<SignIn> {
    const address = `127.0.2.${++last}`;
    return SignIn.begin((request) => sendFrom(address, request), url);
  }

  /** With what is told about somebody, all the way to the database. */
  async function connect(login: SignIn, claims: Partial<Claims>): Promise<pg.Client> {
    const said = { ...login.claims, attributes: { [mail]: ["bob@example.com"] }, ...claims };
    const code = SignIn.codeOf(await login.post(idp.forger.answer(said)));
    const token = (await (await login.token(code)).json()) as { access_token: string };
    return comeIn(token.access_token);
  }

  async function comeIn(token: string): Promise<pg.Client> {
    const { port } = gateway;
    const client = new pg.Client({ host: "127.0.0.1", port, user: "me", database: "shop", password: token });
    // Its end comes as an answer to what is asked, and once more as an event.
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** The check that the trail names; the browser reads an id and nothing else of it. */
  async function refusal(answered: Response): Promise<string> {
    const said = (await answered.json()) as { code: string; message: string };
    expect([answered.status, said.code]).toEqual([401, "identity.refused"]);
    const [, id] = /^The credential was not accepted \((ref_\w+)\)\.$/.exec(said.message) ?? [];
    expect(id).toBeDefined();
    const entries = entriesIn(join(folder, "data"));
    const entry = entries.find((each) => each.kind === "login-refused" && each.id === id);
    return entry?.kind === "login-refused" ? entry.check : "";
  }

  testWith(...lacks)("who signs in at a real identity provider comes in, under that name", async () => {
    const login = await begin();
    const { action, fields } = await idp.visit(login.sentTo);
    expect(action).toBe(`${url}/acs`);
    const code = SignIn.codeOf(await login.form("acs", fields));
    const token = (await (await login.token(code)).json()) as { access_token: string };
    const client = await comeIn(token.access_token);
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
    const opened = entriesIn(join(folder, "data")).find(({ kind }) => kind === "open");
    expect(opened).toMatchObject({
      identity: { issuer: entityId, subject: "alice", person: "alice@example.com" },
    });
  });

  testWith(...lacks)(
    "`postern login` signs in with a browser, and is who that browser is",
    async () => {
      // An authority that it never asks: this gateway is on the loopback interface, without TLS.
      const authority = join(folder, "ca.pem");
      writeFileSync(authority, idp.forger.certificate);
      const home = new Home(folder, authority);
      const gatewayUrl = new URL(url).origin;
      const login = home.start(["login", gatewayUrl, "--browser"]);
      const asked = await fetch(await login.said(/http:\S+\/login\?\S+/), { redirect: "manual" });
      const { action, fields } = await idp.visit(new URL(asked.headers.get("location") ?? ""));
      // Follows the redirect to where the command line listens.
      expect((await fetch(action, { method: "POST", body: new URLSearchParams(fields) })).status).toBe(200);
      const { code, stdout, stderr } = await login.ended;
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^Signed in to \S+: alice\n/)]);
      expect(stderr).not.toContain(home.login().token);
      expect((await home.postern(["whoami"])).stdout).toContain("alice");
    },
    30_000,
  );

  testWith(...lacks)("who signs out at the identity provider is out, in the middle of a query", async () => {
    const login = await begin();
    const session = crypto.randomUUID();
    const client = await connect(login, { subject: "bob", session });
    const running = client.query("select pg_sleep(60)").catch((error: Error) => error.message);
    await until(async () => (await server.sql(sleeping)).length === 1);
    const destination = `${url}/slo`;
    const request = { destination, nameId: "bob", sessions: [session] };
    const xml = idp.forger.sign(idp.forger.logoutRequest(request), "LogoutRequest");
    const answered = await login.form("slo", { SAMLRequest: Buffer.from(xml).toString("base64") });
    expect(await answered.text()).toBe("You are signed out.");
    expect(await running).toContain(`Signed out at ${idp.forger.entityId}.`);
    await until(async () => (await server.sql(sleeping)).length === 0);
  });

  testWith(...lacks)("replay: a response works once", async () => {
    const login = await begin();
    const { fields } = await idp.visit(login.sentTo);
    SignIn.codeOf(await login.form("acs", fields));
    expect(await refusal(await login.form("acs", fields))).toContain("answers no login that began here");
    const again = await begin();
    expect(await refusal(await again.form("acs", { ...fields, RelayState: again.relayState }))).toContain(
      "answers no login that began here",
    );
  });

  for (const [name, { forge, check }] of Object.entries(attacks)) {
    testWith(...lacks)(name, async () => {
      const login = await begin();
      const claims = { attributes: { [mail]: ["alice@example.com"] }, ...login.claims };
      expect(await refusal(await login.post(forge(idp.forger, claims, stranger)))).toMatch(check);
      // It was the response: the same login goes on with an honest one.
      SignIn.codeOf(await login.post(idp.forger.answer(claims)));
    });
  }
});
