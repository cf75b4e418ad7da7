import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Postern, started } from "../postern.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { openWiretap } from "../wiretap.ts";
import { Door } from "./door.ts";

/** The login of the gateway, with what plugins/postgres/README.md says that it needs, and no more. */
export const adminPassword = "canary/Ädmin+7e02";

const setUp = `
create role orders_reader;
create role orders_writer;
create role postern_admin login createrole password '${adminPassword}';
grant orders_reader, orders_writer to postern_admin with admin option;
create schema work authorization orders_writer;
create table orders (id int primary key, note text);
insert into orders values (1, 'first');
grant select on orders to orders_reader;
grant select, insert, update, delete on orders to orders_writer;
-- What a gateway cannot see: a body that leaves the role, and a schema where every login may make something.
create schema anybody;
grant create, usage on schema anybody to public;
create function around(what text) returns void language plpgsql as $$
  begin perform set_config('ro' || 'le', 'none', false); execute what; end $$;
-- Not the gateway's, though one is called like it.
create role postern_foo login;
create role postern_0123456789abcdef0123456789abcd;
create role bystander login;
`;

/** A policy whose sessions run as roles; `writers`: the role of that group. */
export function rolesPolicy(port: number, writers = "orders_writer"): string {
  return `
import { anyone, both, gateway, group, machine } from "postern";
import { env, local, postgres, sessionRole } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  limits: { sessionsPerIdentity: 2000 },
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: "postgres",
      user: "postern_admin",
      credential: sessionRole({ admin: env("ADMIN_PASSWORD") }),
    }),
    direct: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: "postgres",
      user: "postern_admin",
      credential: env("ADMIN_PASSWORD"),
    }),
  },
  rules: [
    { name: "readers", who: group("readers"), on: "shop", may: ["read"], as: "orders_reader" },
    { name: "writers", who: group("writers"), on: "shop", may: "all", as: ${JSON.stringify(writers)} },
    { name: "no role", who: group("roleless"), on: "shop", may: "all" },
    { name: "direct", who: group("direct"), on: "direct", may: "all" },
  ],
});
`;
}

export interface RolesDoorOptions {
  readonly version: PostgresVersion;
  readonly tapServer?: boolean;
}

export async function openRolesDoor({ version, tapServer = false }: RolesDoorOptions): Promise<RolesDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-roles-"));
  const server = await startPostgres({ version, settings: { max_connections: "200" } });
  await server.sql(setUp);
  const wire = tapServer ? await openWiretap(server.port) : undefined;
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, rolesPolicy(wire?.port ?? server.port));
  const data = join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), { ADMIN_PASSWORD: adminPassword });
  const door = new RolesDoor(server, gateway, folder, data, wire);
  return started(door);
}

/** Names of the roles that are there now. */
export async function rolesAt(server: PostgresServer): Promise<string[]> {
  const rows = await server.sql("select rolname from pg_roles where rolname !~ '^pg_' order by 1");
  return rows.map(([name]) => name ?? "");
}

/** A door before sessions that have roles of their own. */
export class RolesDoor extends Door {
  readonly #tokens = new Map<string, Promise<string>>();

  /** A client that has connected as a member of this group. */
  async client(group: string, database = "shop"): Promise<pg.Client> {
    const known = this.#tokens.get(group) ?? this.token(`sam-${group}`, group);
    this.#tokens.set(group, known);
    const client = new pg.Client({
      host: "127.0.0.1",
      port: this.port,
      user: "sam",
      password: await known,
      database,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** The roles that the gateway made and that are there now. */
  async made(): Promise<string[]> {
    const all = await rolesAt(this.server);
    return all.filter((name) => /^postern_[0-9a-f]{30}$/.test(name) && !foreign.includes(name));
  }

  /** For as long as there are ever fewer of them. */
  async madeAreGone(): Promise<void> {
    let left = (await this.made()).length;
    while (left > 0) {
      let now = left;
      await this.until(`fewer than ${left} roles of the gateway's are left`, async () => {
        now = (await this.made()).length;
        return now < left;
      });
      left = now;
    }
  }
}

/** Roles that somebody else made. */
export const foreign = ["postern_foo", "postern_0123456789abcdef0123456789abcd", "bystander"];
