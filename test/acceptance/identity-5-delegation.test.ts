import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HoldView } from "../../core/control/api.ts";
import { needs, testWith } from "../needs.ts";
import { Postern, type Printed } from "../postern.ts";
import { fields, type Message, message, RawClient, text } from "../raw.ts";
import { audience, type OidcServer, startOidc } from "../servers/oidc.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { entriesIn } from "../trail.ts";
import { schema, secretValues } from "./people.ts";

/** Who is called so at a provider, and what it says of them. */
const people = {
  alice: { sub: "alice", groups: ["staff", "leads"], email: "alice@example.com", email_verified: true },
  eve: { sub: "eve", groups: [], email: "eve@example.com", email_verified: true },
  bob: { sub: "bob", groups: ["leads"], email: "bob@example.com", email_verified: true },
  /** What the other provider calls alice. */
  smith: { sub: "a.smith", groups: ["leads"], email: "Alice@example.com", email_verified: true },
} as const;

const reads = "select name, email from customers order by id";
const writes = (id: number) => `insert into orders (id, note) values (${id}, 'by an agent')`;

describe("must hold 5: delegation", () => {
  let server: PostgresServer;
  let first: OidcServer;
  let second: OidcServer;
  let gateway: Postern;
  const folder = mkdtempSync(join(tmpdir(), "postern-delegation-"));
  const data = join(folder, "data");

  beforeAll(async () => {
    if (needs.postgres18) return;
    [server, first, second] = await Promise.all([startPostgres({ version: 18 }), startOidc(), startOidc()]);
    await server.sql(schema);
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(server.port, [first.issuer, second.issuer]));
    gateway = new Postern(policy, data, join(folder, "gateway.log"), { DATABASE_PASSWORD: server.password });
    await gateway.start();
  }, 60_000);
  afterAll(async () => {
    await gateway?.kill();
    await Promise.all([server?.close(), first?.stop(), second?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** An access token that the provider signed; who acts for the subject first (RFC 8693, 4.1). */
  function token(
    who: keyof typeof people,
    actors: readonly string[] = [],
    provider = first,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const act = actors.reduceRight<object | undefined>(
      (inner, sub) => ({ sub, ...(inner ? { act: inner } : {}) }),
      undefined,
    );
    const terms = { iss: provider.issuer, aud: audience, iat: now, exp: now + 600, jti: crypto.randomUUID() };
    return provider.key.sign({ ...terms, ...people[who], ...(act ? { act } : {}) }, { typ: "at+jwt" });
  }

  const login = (shown: string) => RawClient.login(gateway.port, "anybody", "shop", shown);

  /** What was answered: rows as text, or the error. */
  async function ask(shown: string, query: string): Promise<{ rows: string; error: Record<string, string> }> {
    const client = await login(shown);
    client.send(message("Q", text(query)));
    const answer = await client.until("Z");
    client.close();
    return seen(answer);
  }

  async function heldBy(shown: string, query: string) {
    const client = await login(shown);
    client.send(message("Q", text(query)));
    await client.until("N");
    const { stdout } = await gateway.postern(["approvals", "list", "--json"]);
    const [hold] = (JSON.parse(stdout) as HoldView[]).filter((each) => each.text === query);
    if (!hold) throw new Error(`nothing waits: ${stdout}`);
    return { client, hold };
  }

  const approve = (hold: HoldView, shown: string): Promise<Printed> =>
    gateway.postern(["approvals", "approve", hold.id], shown);

  testWith(needs.postgres18)("an agent may what both may, under the guardrails of both", async () => {
    const alone = await ask(await token("alice"), writes(1));
    expect(alone).toEqual({ rows: "", error: {} });
    const acting = await token("alice", ["planner"]);
    const { rows } = await ask(acting, reads);
    expect(rows).toContain("Ada");
    for (const value of secretValues) expect(rows).not.toContain(value);
    const { client, hold } = await heldBy(acting, writes(2));
    expect(hold.identity).toMatchObject({ subject: "planner", actingFor: { subject: "alice" } });
    client.close();
    // What neither of them may, and what only one of them may.
    for (const query of ["drop table orders", "delete from orders", "select note from orders"]) {
      expect((await ask(acting, query)).error.C).toBe("42501");
    }
  });

  testWith(needs.postgres18)(
    "for one who may nothing it may nothing, and a further agent only takes away",
    async () => {
      const client = await RawClient.connect(gateway.port);
      client.close();
      const stranger = await refusal(await token("eve", ["planner"]));
      expect(stranger).toContain("eve");
      const chain = await token("alice", ["helper", "planner"]);
      expect((await ask(chain, reads)).rows).toContain("Ada");
      expect((await ask(chain, writes(3))).error.C).toBe("42501");
      expect(await refusal(await token("alice", ["nobody", "planner"]))).toContain("nobody");
    },
  );

  testWith(needs.postgres18)("acting for somebody is another identity than acting alone", async () => {
    // Only alone may it read orders, and only in somebody's name customers.
    const own = await first.key.sign(
      { ...{ iss: first.issuer, aud: audience, sub: "planner", client_id: "planner" }, iat: 1, exp: 4e9 },
      { typ: "at+jwt" },
    );
    expect((await ask(own, "select id from orders")).error).toEqual({});
    expect((await ask(own, reads)).error.C).toBe("42501");
    const acting = await token("alice", ["planner"]);
    expect((await ask(acting, "select id from orders")).error.C).toBe("42501");
  });

  testWith(needs.postgres18)("each hop is in the trail", async () => {
    await ask(await token("alice", ["helper", "planner"]), reads);
    const [last] = entriesIn(data)
      .filter(({ kind }) => kind === "open")
      .slice(-1);
    const issuer = first.issuer;
    expect(last).toMatchObject({
      identity: {
        ...{ issuer, subject: "helper", kind: "machine" },
        actingFor: {
          ...{ issuer, subject: "planner", kind: "machine" },
          actingFor: { issuer, subject: "alice", kind: "person", person: "alice@example.com" },
        },
      },
      rights: expect.arrayContaining([expect.objectContaining({ rule: "staff" })]),
    });
  });

  testWith(needs.postgres18)(
    "nobody of a chain approves for it, nor their second identity, nor who acts for them",
    async () => {
      const { client, hold } = await heldBy(await token("alice", ["planner"]), writes(4));
      const refused = await Promise.all(
        [
          token("alice"),
          token("alice", ["helper"]),
          token("smith", [], second),
          token("smith", ["helper"], second),
          token("bob", ["planner"]),
        ].map(async (shown) => await approve(hold, await shown)),
      );
      for (const { code, stderr } of refused) {
        expect(stderr).toContain("approval.refused");
        expect(code).not.toBe(0);
      }
      expect(await server.sql("select id from orders where id = 4")).toHaveLength(0);
      expect((await approve(hold, await token("bob"))).code).toBe(0);
      expect(seen(await client.until("Z")).error).toEqual({});
      client.close();
      expect(await server.sql("select id from orders where id = 4")).toHaveLength(1);
    },
  );

  async function refusal(shown: string): Promise<string> {
    const client = await login(shown);
    client.close();
    const denied = entriesIn(data).filter(({ kind }) => kind === "connect-denied");
    const last = denied.at(-1);
    return last?.kind === "connect-denied" ? last.reason.message : "";
  }
});

function seen(answer: readonly Message[]): { rows: string; error: Record<string, string> } {
  const error = answer.find(({ type }) => type === "E");
  const rows = answer.filter(({ type }) => type === "D").map(({ body }) => body.toString("latin1"));
  return { rows: rows.join("\n"), error: error ? fields(error) : {} };
}

function policyText(port: number, issuers: readonly string[]): string {
  const providers = issuers.map(
    (issuer) =>
      `oidc({ issuer: "${issuer}", audience: "${audience}", kind: (claims) => claims.client_id ? "machine" : "person" })`,
  );
  return `
import { actingFor, alone, both, gateway, group, machine, read, write } from "postern";
import { approve, env, mask, oidc, postgres, record } from "postern/plugins";

const signOff = approve({ by: group("leads"), within: "10m" });

export default gateway({
  listen: { postgres: { port: 0, insecure: true } },
  identity: [${providers.join(", ")}],
  always: [record()],
  limits: { loginDelay: "1s" },
  resources: {
    shop: postgres({ host: "127.0.0.1", port: ${port}, user: "postgres", database: "postgres", credential: env("DATABASE_PASSWORD") }),
  },
  rules: [
    {
      name: "staff", who: group("staff"), on: "shop",
      may: ["read", write("public.orders")],
      under: [mask({ columns: ["email", "card"] })],
    },
    {
      name: "planners for staff", who: both(machine("planner"), actingFor(group("staff"))), on: "shop",
      may: [read("public.customers"), write("public.orders")],
      under: [signOff.for("write")],
    },
    { name: "planners alone", who: alone(machine("planner")), on: "shop", may: [read("public.orders")] },
    { name: "helpers", who: machine("helper"), on: "shop", may: ["read"] },
  ],
});
`;
}
