import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern, started } from "../postern.ts";
import { fields, type Message, message, query, RawClient, startup, text } from "../raw.ts";
import { type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { Door } from "./door.ts";

const adminPassword = "fixture-admin";

function policyText(port: number): string {
  return `
import { execute, gateway, group, read } from "postern";
import { approve, env, local, postgres, sessionRole } from "postern/plugins";

const server = { host: "127.0.0.1", port: ${port}, database: "postgres" } as const;

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  resources: {
    shop: postgres({ ...server, user: "postgres", credential: env("DATABASE_PASSWORD") }),
    roles: postgres({
      ...server,
      user: "postern_admin",
      credential: sessionRole({ admin: env("ADMIN_PASSWORD"), as: "app" }),
    }),
  },
  rules: [
    { name: "all", who: group("all"), on: ["shop", "roles"], may: "all" },
    { name: "readers", who: group("readers"), on: "shop", may: ["read"] },
    { name: "tables", who: group("tables"), on: "shop", may: [read("public.*")] },
    { name: "loaders", who: group("loaders"), on: "shop", may: ["read", execute("setting session_replication_role")] },
    {
      name: "asked",
      who: group("asked"),
      on: "shop",
      may: ["read", "execute"],
      under: [approve({ by: group("leads"), within: "1m" }).for("execute")],
    },
  ],
});
`;
}

const schema = `
create role app;
create role postern_admin login createrole password '${adminPassword}';
grant app to postern_admin with admin option;
create schema hr;
create table orders (note text);
insert into orders values ('public');
create table hr.orders (note text);
insert into hr.orders values ('hr');
grant usage on schema hr to app;
grant select on orders, hr.orders to app;
`;

/** A session that began, or the error that it was refused with. */
export type Begun =
  | { readonly client: RawClient; readonly ask: (sql: string) => Promise<string> }
  | { readonly refused: Record<string, string> };

/** A door whose callers write their start-up packets by hand. */
export class StartupDoor extends Door {
  readonly #tokens = new Map<string, Promise<string>>();

  /** As somebody in this group, with these parameters behind user and database. */
  async begin(
    group: string,
    parameters: Readonly<Record<string, string>>,
    database = "shop",
  ): Promise<Begun> {
    const token = this.#tokens.get(group) ?? this.token("sam", group);
    this.#tokens.set(group, token);
    const client = await RawClient.connect(this.port);
    client.send(startup({ user: "sam", database, ...parameters }));
    const first = await client.until("R", "E");
    if (first.at(-1)?.type === "E") return refused(client, first);
    client.send(message("p", text(await token)));
    const second = await client.until("Z", "E");
    if (second.at(-1)?.type === "E") return refused(client, second);
    const ask = async (sql: string) => {
      client.send(query(sql));
      return said(await client.until("Z"));
    };
    return { client, ask };
  }
}

function refused(client: RawClient, messages: readonly Message[]): Begun {
  client.close();
  return { refused: fields(messages.at(-1) as Message) };
}

/** The first value of the last row, or the error's SQLSTATE. */
function said(messages: readonly Message[]): string {
  const error = messages.find(({ type }) => type === "E");
  if (error) return fields(error).C ?? "";
  const row = messages.findLast(({ type }) => type === "D");
  return row ? row.body.toString("utf8", 6) : "";
}

export async function openStartupDoor(version: PostgresVersion): Promise<StartupDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-startup-"));
  const server = await startPostgres({ version });
  await server.sql(schema);
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, policyText(server.port));
  const data = join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
    ADMIN_PASSWORD: adminPassword,
  });
  const door = new StartupDoor(server, gateway, folder, data);
  return started(door);
}
