import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Postern, started } from "../postern.ts";
import { type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { Door } from "./door.ts";

const adminPassword = "fixture-admin";

/** `may`: what the group `reload` may, as the policy writes it. */
function policyText(port: number, may: string): string {
  return `
import { gateway, group, read } from "postern";
import { env, local, postgres, sessionRole } from "postern/plugins";

const server = { host: "127.0.0.1", port: ${port}, database: "postgres" } as const;

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  resources: {
    shop: postgres({ ...server, user: "postgres", credential: env("DATABASE_PASSWORD") }),
    roles: postgres({
      ...server,
      user: "postern_admin",
      credential: sessionRole({ admin: env("ADMIN_PASSWORD"), as: "orders_app", readOnlyAs: "orders_reader" }),
    }),
    owned: postgres({
      ...server,
      user: "postern_admin",
      credential: sessionRole({ admin: env("ADMIN_PASSWORD"), as: "orders_app" }),
    }),
  },
  rules: [
    { name: "readers", who: group("readers"), on: ["shop", "roles"], may: ["read"] },
    { name: "owned readers", who: group("readers"), on: "owned", may: ["read"] },
    { name: "reload", who: group("reload"), on: "shop", may: ${may} },
    { name: "writers", who: group("writers"), on: ["shop", "roles"], may: ["read", "write"] },
  ],
});
`;
}

const schema = `
create role orders_reader;
create role orders_app;
create role postern_admin login createrole password '${adminPassword}';
grant orders_reader, orders_app to postern_admin with admin option;
create table orders (id int primary key, note text);
insert into orders values (1, 'first');
create table log (at text);
grant select on all tables in schema public to orders_reader, orders_app;
grant insert, update on orders, log to orders_app;
`;

/** A door whose sessions may read, and more or less besides. */
export class ReadOnlyDoor extends Door {
  setMay(may: string): void {
    writeFileSync(join(this.folder, "policy.ts"), policyText(this.server.port, may));
  }

  /** How one who is a member of this group comes in. */
  async connection(group: string, database = "shop"): Promise<pg.ClientConfig> {
    const password = await this.token(`sam-${group}`, group);
    return { host: "127.0.0.1", port: this.port, user: "sam", password, database };
  }

  async client(group: string, database?: string): Promise<pg.Client> {
    const client = new pg.Client(await this.connection(group, database));
    client.on("error", () => {});
    await client.connect();
    return client;
  }
}

export async function openReadOnlyDoor(version: PostgresVersion): Promise<ReadOnlyDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-read-only-"));
  const server = await startPostgres({ version });
  await server.sql(schema);
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, policyText(server.port, '["read"]'));
  const data = join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
    ADMIN_PASSWORD: adminPassword,
  });
  const door = new ReadOnlyDoor(server, gateway, folder, data);
  return started(door);
}
