import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GrantView, RequestAnswered } from "../../core/control/api.ts";
import { run } from "../clients/client.ts";
import { Postern, type Printed } from "../postern.ts";
import type { LibsqlServer } from "../servers/libsql.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { Door } from "./door.ts";
import { schema } from "./people.ts";

const password = "fixture-password";

/** Hours that are never now: a day of the week that is half a week away. */
function otherDay(): string {
  return ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"][new Date().getUTCDay()] ?? "Wed";
}

/** Rules that count with a grant alone, as an operator would write them; `terms`: of `fix orders`. */
export function grantsPolicy(port: number, store: string, terms = 'by: group("leads"), upTo: "2h"'): string {
  return `
import { gateway, group, machine, read, write } from "postern";
import { env, file, local, postgres } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  workers: 2,${store}
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),
    vault: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [
    { name: "look", who: group("support"), on: "shop", may: ["read"] },
    { name: "agents", who: group("agents"), on: "shop", may: ["read", "write"] },
    { name: "fix orders", who: group("support"), on: "shop", may: [write("public.orders")], grant: { ${terms} } },
    {
      name: "vault",
      who: group("support"),
      on: "vault",
      may: ["read"],
      grant: { by: group("leads"), upTo: "1h", approvers: 2, reason: true, ticket: /OPS-\\d+/ },
    },
    {
      name: "emergency",
      who: group("oncall"),
      on: "vault",
      may: "all",
      grant: { by: group("leads"), upTo: "1h", breakGlass: true },
    },
    { name: "office", who: group("office"), on: "shop", may: ["read"], hours: "${otherDay()} 09:00-17:00 UTC" },
    { name: "always", who: group("round"), on: "shop", may: ["read"], hours: "00:00-24:00 Europe/Berlin" },
  ],
});
`;
}

export class GrantsDoor extends Door {
  /** A token; `for`: the token of whom it acts for. */
  async mint(subject: string, group: string, more: { person?: string; for?: string } = {}): Promise<string> {
    const flags = ["--subject", subject, "--group", group];
    if (more.person !== undefined) flags.push("--person", more.person);
    if (more.for !== undefined) {
      const file = join(this.folder, `${Bun.hash(more.for)}.token`);
      writeFileSync(file, more.for, { mode: 0o600 });
      flags.push("--machine", "--acting-for", file);
    }
    const { code, stdout, stderr } = await this.postern("token", "mint", ...flags);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  psql(token: string, statement: string, resource = "shop") {
    const where = `host=127.0.0.1 port=${this.port} dbname=${resource} user=sam`;
    return run(["psql", "-XAtqv", "VERBOSITY=verbose", where, "-c", statement], { PGPASSWORD: token });
  }

  as(token: string, ...args: string[]): Promise<Printed> {
    return this.gateway.postern(args, token);
  }

  /** Throws what the gateway says against it. */
  async request(token: string, ...args: string[]): Promise<RequestAnswered> {
    const { stdout, stderr } = await this.as(token, "request", ...args, "--json");
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as RequestAnswered;
  }

  async grants(): Promise<GrantView[]> {
    return this.json<GrantView[]>("grants", "list");
  }

  /** What is running at the server, for this statement. */
  async running(mark: string): Promise<number> {
    const rows = await this.server.sql(
      `select pid from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${mark}%'`,
    );
    return rows.length;
  }

  rewrite(policy: string): void {
    writeFileSync(join(this.folder, "policy.ts"), policy);
  }
}

/** `others`: further gateways before the same server and store. */
export async function openGrantsDoors(count: number, store?: LibsqlServer): Promise<GrantsDoor[]> {
  const server = await startPostgres({ version: 18, password });
  await server.sql(schema);
  return await Promise.all(Array.from({ length: count }, () => openOne(server, store)));
}

async function openOne(server: PostgresServer, store: LibsqlServer | undefined): Promise<GrantsDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-grants-"));
  const shared = store ? `\n  store: { url: "${store.url}", token: env("STORE_TOKEN") },` : "";
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, grantsPolicy(server.port, shared));
  const data = join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
    DATABASE_PASSWORD: password,
    ...(store ? { STORE_TOKEN: store.token } : {}),
  });
  await gateway.start();
  return new GrantsDoor(server, gateway, folder, data);
}
