import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPolicy } from "../../../core/testing/index.ts";
import { hasPostgres, startPostgres } from "../../../test/servers/postgres.ts";
import { draftPolicy, resourceName } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { postgresAdopter } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-adopt-"));
mkdirSync(join(folder, "node_modules"));
symlinkSync(join(import.meta.dir, "../../.."), join(folder, "node_modules", "postern"));
afterAll(() => rmSync(folder, { recursive: true }));

let drafts = 0;
function load(text: string) {
  const path = join(folder, `draft-${++drafts}.policy.ts`);
  writeFileSync(path, text);
  return loadPolicy(path);
}

const hostile = `x"; process.exit(1); //\n*/ \u2028\${process.exit(1)}`;
const facts: Facts = {
  host: "db.internal",
  port: 5433,
  database: hostile,
  version: hostile,
  tls: true,
  roles: [
    {
      name: hostile,
      superuser: true,
      createsRoles: true,
      createsDatabases: true,
      replicates: true,
      bypassesRowSecurity: true,
      memberOf: [hostile],
      schemas: [
        {
          schema: hostile,
          tables: 2,
          readable: [hostile],
          writable: [],
          deletable: [hostile],
          defines: true,
        },
      ],
    },
  ],
  uses: [{ role: hostile, from: hostile, application: hostile, count: 3 }],
};

test("names of the database are text in the draft, whatever they hold", async () => {
  for (const uses of [facts.uses, []]) {
    const text = draftPolicy({ ...facts, uses }, new Date(0));
    // Code would run, or the file would not load.
    const policy = await load(text);
    const resource = resourceName(hostile);
    const role = policy.as({ subject: hostile, kind: "machine" }).on(resource);
    expect((await role.runs("select 1")).allowed).toBe(true);
  }
});

test("what is told by no role is asked of the reader", () => {
  const text = draftPolicy(facts, new Date(0));
  for (const asked of [
    "a superuser",
    "may create roles",
    "may replicate",
    "row security",
    "is no name for a resource",
  ]) {
    expect(text).toMatch(new RegExp(`// CHECK: .*${asked}`));
  }
});

for (const version of [15, 18] as const) {
  test.skipIf(!hasPostgres(version))(
    `PostgreSQL ${version}: the draft serves those who are there, with what they have`,
    async () => {
      const server = await startPostgres({ version });
      try {
        await server.sql(`
          create schema shop; create table shop.orders (id int); create table shop.notes (t text); create table secrets (s text);
          create role readers; grant usage on schema shop to readers; grant select on all tables in schema shop to readers;
          create role billing login password 'p' in role readers; grant insert, update on shop.notes to billing;
          create role forgotten login password 'p';`);
        const bare = server.url({ password: "" });
        await expect(postgresAdopter.draft(bare, {})).rejects.toMatchObject({
          more: { hint: "Set PGPASSWORD." },
        });
        await expect(postgresAdopter.draft(bare, { PGPASSWORD: "wrong" })).rejects.toThrow(
          /did not let the gateway in\. It says: 28P01 password authentication failed/,
        );
        const url = server.url({ user: "billing", password: "p" });
        const user = new Bun.SQL({ url, max: 1, connection: { application_name: "billing-job" } });
        await user`select 1`;
        const text = await postgresAdopter.draft(server.url(), {});
        await user.end();
        expect(text).not.toContain(server.password);
        expect(text).toContain("as billing-job");
        expect(text).toMatch(/nobody was logged in as forgotten/);
        const policy = await load(text);
        const billing = policy
          .as({ subject: "billing", kind: "machine" })
          .on(new URL(server.url()).pathname.slice(1));
        const allowed = async (sql: string) => (await billing.runs(sql)).allowed;
        expect(await allowed("select * from shop.orders")).toBe(true);
        expect(await allowed("insert into shop.notes values ('x')")).toBe(true);
        expect(await allowed("insert into shop.orders values (1)")).toBe(false);
        expect(await allowed("delete from shop.notes")).toBe(false);
        expect(await allowed("select * from public.secrets")).toBe(false);
        expect(await allowed("drop table shop.notes")).toBe(false);
      } finally {
        await server.close();
      }
    },
    30_000,
  );
}

test("an address that is none says so without quoting it", async () => {
  const failure = await postgresAdopter.draft("postgres://:hunter2@", {}).catch((error: Error) => error);
  expect(String(failure)).toMatch(/no address/);
  expect(String(failure)).not.toContain("hunter2");
});
