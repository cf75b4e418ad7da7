import { afterAll, beforeAll, describe, expect } from "bun:test";
import pg from "pg";
import type { CredentialRequest, Lease } from "../../../core/plugin.ts";
import { needs, testWith } from "../../../test/needs.ts";
import { type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import type { PostgresConfig } from "../config.ts";
import { alice } from "../testing/door.ts";
import { sessionRole } from "./index.ts";

const setUp = `
create role "Orders ""r"" Reader";
create role orders_writer;
create role admin login createrole password 'pw';
create role weak login password 'pw';
grant "Orders ""r"" Reader", orders_writer to admin with admin option;
`;

for (const version of [15, 18] as const) {
  describe(`roles of sessions, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    let server: PostgresServer;
    let config: PostgresConfig;
    beforeAll(async () => {
      if (lack) return;
      server = await startPostgres({ version });
      await server.sql(setUp);
      await server.sql("create database second");
      config = { host: "127.0.0.1", port: server.port, database: "postgres" };
    }, 30_000);
    afterAll(async () => server?.close());

    const by = (user: string) => sessionRole({ admin: secretOf(server.url({ user, password: "pw" })) });
    const sql = (text: string, database?: string) => server.sql(text, database);

    testWith(lack)("whatever the role and the person are called", async () => {
      const asked = request(config, {
        as: 'Orders "r" Reader',
        label: "O'Neill\n\u0007\\' via postern ses_1",
      });
      const role = await by("admin").issue(asked);
      const [[comment] = []] = await sql(
        `select shobj_description(oid, 'pg_authid') from pg_roles where rolname = '${role.id}'`,
      );
      expect(comment).toBe("postern lease_1: O'Neill??\\' via postern ses_1 (test), gateway gw_1");
      const client = new pg.Client({ connectionString: role.value });
      await client.connect();
      expect((await client.query("select current_user, session_user")).rows).toEqual([
        { current_user: 'Orders "r" Reader', session_user: role.runsAs },
      ]);
      await client.end();
      await role.close?.();
      expect(asked.released).toBe(1);
      expect(await sql(`select 1 from pg_roles where rolname = '${role.id}'`)).toEqual([]);
    });

    testWith(lack)("the login is good once, for a minute, and not past the session's end", async () => {
      const until = Date.now() + 20_000;
      const role = await by("admin").issue(request(config, { until }));
      const [[valid, limit] = []] = await sql(
        `select (extract(epoch from rolvaliduntil) * 1000)::bigint, rolconnlimit from pg_roles where rolname = '${role.id}'`,
      );
      expect(Math.abs(Number(valid) - until)).toBeLessThan(5_000);
      expect(limit).toBe("1");
      const first = new pg.Client({ connectionString: role.value });
      await first.connect();
      const second = new pg.Client({ connectionString: role.value });
      await expect(second.connect()).rejects.toThrow("too many connections");
      // Its connection is still there: it is ended, not left behind without a role.
      const lost = new Promise((resolve) => first.on("error", resolve));
      await role.close?.();
      await lost;
    });

    testWith(lack)("what it owns anywhere is given to the role that it acted as", async () => {
      const role = await by("admin").issue(request(config));
      await sql(`create table here (a int); alter table here owner to ${role.id}`);
      await sql(
        `create table there (a int); alter table there owner to ${role.id}; create schema s authorization orders_writer; set role orders_writer; grant all on schema s to ${role.id}; alter default privileges grant select on tables to ${role.id}`,
        "second",
      );
      await sql(`create database third owner ${role.id}`);
      await role.close?.();
      const owner = "select relowner::regrole::text from pg_class where relname";
      expect(await sql(`${owner} = 'here'`)).toEqual([["orders_writer"]]);
      expect(await sql(`${owner} = 'there'`, "second")).toEqual([["orders_writer"]]);
      expect(await sql("select datdba::regrole::text from pg_database where datname = 'third'")).toEqual([
        ["orders_writer"],
      ]);
      await sql("drop table here");
      await sql("drop database third");
    });

    testWith(lack)("a sweep removes what leases name, and only what is marked with them", async () => {
      const source = by("admin");
      const made = await source.issue(request(config));
      const other = "postern_0123456789abcdef0123456789abcd";
      await sql(`create role ${other}; create role bystander; create role postern_foo`);
      const leases = [
        lease("lease_1", made.id ?? ""),
        lease("lease_2", other),
        lease("lease_3", "bystander"),
        lease("lease_4", "postern_foo"),
        lease("lease_5", "postern_ffffffffffffffffffffffffffffff", 0),
        // It may still be on its way to the server.
        lease("lease_6", "postern_eeeeeeeeeeeeeeeeeeeeeeeeeeeeee"),
      ];
      expect([...((await source.sweep?.(leases, config)) ?? [])].sort()).toEqual(["lease_1", "lease_5"]);
      // Nor under a lease of ours that is not the one it was made under.
      const mine = await source.issue(request(config));
      await expect(source.sweep?.([lease("lease_7", mine.id ?? "")], config)).rejects.toMatchObject({
        code: "postgres.not-ours",
      });
      const left = await sql(
        "select rolname from pg_roles where rolname in " +
          `('${other}', 'bystander', 'postern_foo', '${made.id}', '${mine.id}') order by 1`,
      );
      expect(left.flat()).toEqual([other, "bystander", "postern_foo", mine.id ?? ""].sort());
      await mine.close?.();
      await sql(`drop role ${other}, bystander, postern_foo`);
    });

    testWith(lack)(
      "what the server refuses leaves nothing behind, and the operator reads what is missing",
      async () => {
        const tries = [
          { user: "weak", as: "orders_writer", says: "may not make roles" },
          { user: "admin", as: "nobody", says: "There is no role nobody" },
          { user: "admin", as: "postgres", says: "may not let them be postgres" },
        ];
        for (const { user, as, says } of tries) {
          const asked = request(config, { as });
          await expect(by(user).issue(asked)).rejects.toMatchObject({
            code: "postgres.admin",
            message: expect.stringContaining(says),
          });
          expect(asked.released).toBe(1);
        }
        expect(await sql("select rolname from pg_roles where rolname ~ '^postern_'")).toEqual([]);
      },
    );

    testWith(lack)("what nobody knows the outcome of stays leased", async () => {
      const asked = request({ ...config, port: 1 });
      const source = sessionRole({ admin: secretOf(`postgres://admin:pw@127.0.0.1:1/postgres`) });
      await expect(source.issue(asked)).rejects.toMatchObject({ code: "resource.unreachable" });
      expect(asked.released).toBe(0);
    });
  });
}

function secretOf(value: string) {
  return { label: "env ADMIN", read: async () => value };
}

function lease(id: string, what: string, madeAt = Date.now()): Lease {
  return {
    ...{ id, what, madeAt, until: Date.now() + 60_000, resource: "orders" },
    ...{ session: "ses_1", gateway: "gw_1", worker: 0 },
  };
}

/** What core asks of a source, with a lease that counts how often it was released. */
function request(config: PostgresConfig, more: Partial<CredentialRequest<PostgresConfig>> = {}) {
  const asked = {
    config,
    purpose: "session" as const,
    session: "ses_1",
    identity: alice,
    label: "alice via postern ses_1",
    as: "orders_writer",
    released: 0,
    lease: async (what: string) => ({ ...lease("lease_1", what), released: () => void asked.released++ }),
    ...more,
  };
  return asked;
}
