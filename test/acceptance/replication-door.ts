import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern, type Printed, started } from "../postern.ts";
import { type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { Door } from "./door.ts";

const adminPassword = "fixture-admin";
const debian = "/usr/lib/postgresql/15/bin";

/** `may`: what the group `reload` may besides reading. */
function policyText(port: number, may: string): string {
  return `
import { gateway, group, replicate } from "postern";
import { env, local, mask, postgres, record, sessionRole } from "postern/plugins";

const server = { host: "127.0.0.1", port: ${port}, database: "postgres" } as const;
// Each table that is copied at the beginning has a slot of its own, which the subscriber names so.
const slots = ["slot orders_sub", "slot pg_*_sync_*"] as const;
const orders = replicate("system", ...slots, "plugin pgoutput", "publication orders_pub");

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  always: [record()],
  resources: {
    shop: postgres({ ...server, user: "postgres", credential: env("DATABASE_PASSWORD") }),
    roles: postgres({
      ...server,
      user: "postern_admin",
      credential: sessionRole({ admin: env("ADMIN_PASSWORD"), as: "orders_app" }),
    }),
  },
  rules: [
    { name: "readers", who: group("readers", "reload"), on: "*", may: ["read"] },
    { name: "reload", who: group("reload"), on: "shop", may: ${may} },
    { name: "standbys", who: group("standbys"), on: "*", may: ["replicate"] },
    { name: "narrow", who: group("narrow"), on: "shop", may: ["read", orders] },
    {
      name: "masked",
      who: group("masked"),
      on: "shop",
      may: ["read", "replicate"],
      under: [mask({ columns: ["email"] })],
    },
    { name: "admins", who: group("admins"), on: "shop", may: "all" },
  ],
});
`;
}

const schema = `
create table orders (id int primary key, note text);
insert into orders values (1, 'before');
create table customers (id int primary key, email text);
insert into customers values (1, 'ada.canary-0417@example.com');
create publication orders_pub for table orders;
create publication everything for all tables;
create role orders_app;
create role postern_admin login createrole password '${adminPassword}';
grant orders_app to postern_admin with admin option;
`;

/** A client program that runs until it is told to stop. */
export interface RunningClient {
  /** What it has written to its standard output so far. */
  out(): string;
  interrupt(): void;
  /** When it has ended. */
  readonly ended: Promise<Printed>;
}

/** A door before a server whose changes can be followed. */
export class ReplicationDoor extends Door {
  setMay(may: string): void {
    writeFileSync(join(this.folder, "policy.ts"), policyText(this.server.port, may));
  }

  /** For libpq. Clients that replicate physically name no database: there the user name is the resource's. */
  connection(user: string, database = "shop", more = ""): string {
    return `host=127.0.0.1 port=${this.port} user=${user} dbname=${database} ${more}`;
  }

  /** One of Debian's client programs. */
  run(password: string, program: string, ...args: string[]): RunningClient {
    const child = Bun.spawn([join(debian, program), ...args], {
      env: { ...process.env, PGPASSWORD: password, LC_ALL: "C" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    let out = "";
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) out += decoder.decode(chunk, { stream: true });
    };
    const ended = Promise.all([child.exited, read(), new Response(child.stderr).text()]);
    return {
      out: () => out,
      interrupt: () => child.kill("SIGINT"),
      ended: ended.then(([code, , stderr]) => ({ code, stdout: out, stderr })),
    };
  }

  psql(password: string, connection: string, ...commands: string[]): Promise<Printed> {
    const script = commands.flatMap((command) => ["-c", command]);
    return this.run(password, "psql", "-XAt", "-v", "VERBOSITY=verbose", ...script, connection).ended;
  }
}

export async function openReplicationDoor(version: PostgresVersion): Promise<ReplicationDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-replication-"));
  const server = await startPostgres({
    version,
    settings: {
      wal_level: "logical",
      max_wal_senders: "20",
      max_replication_slots: "20",
      wal_sender_timeout: "4s",
    },
  });
  await server.sql(schema);
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, policyText(server.port, "[]"));
  const data = join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
    ADMIN_PASSWORD: adminPassword,
  });
  const door = new ReplicationDoor(server, gateway, folder, data);
  return started(door);
}
