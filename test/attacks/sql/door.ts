import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern } from "../../postern.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../../servers/postgres.ts";
import { entryStart, nameEnd } from "./log.ts";
import { elsewhere, fill, once, secrets, world } from "./world.ts";
import { traps } from "./world-behind.ts";

/**
 * A database and its twin, which differs in the masked values only: who can tell them apart has learnt something. In
 * `trap` harmless names are none.
 */
export const worlds = ["shop", "twin", "trap"] as const;
export type World = (typeof worlds)[number];

/**
 * A real server whose superuser the gateway logs in as, so that nothing but the gateway stands between a caller and
 * whatever the server can do.
 */
export interface AttackDoor {
  readonly server: PostgresServer;
  readonly port: number;
  /** A folder that the server may write to: what appears in it was written by an attack. */
  readonly loot: string;
  /** A token of one of `groups`. */
  token(group: string): Promise<string>;
  /** Both databases as they were. Nobody may be connected to them. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function openAttackDoor(version: PostgresVersion): Promise<AttackDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-attacks-"));
  chmodSync(folder, 0o755);
  const loot = join(folder, "loot");
  mkdirSync(loot);
  chmodSync(loot, 0o777);
  const server = await startPostgres({
    version,
    settings: {
      wal_level: "logical",
      autovacuum: "off",
      jit: "off",
      statement_timeout: "5s",
      idle_in_transaction_session_timeout: "60s",
      max_prepared_transactions: "5",
      max_connections: "60",
      log_line_prefix: `${entryStart}%a${nameEnd}`,
      shared_buffers: "32MB",
    },
  });
  let gateway: Postern | undefined;
  const close = async () => {
    await gateway?.kill();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.sql(once);
    await server.sql("create database shop");
    await server.sql(world, "shop");
    await server.sql("create database twin template shop");
    await server.sql("create database trap template shop");
    await server.sql(traps, "trap");
    for (const name of worlds) await server.sql(fill(name === "twin" ? secrets.twin : secrets.shop), name);
    for (const name of worlds) await server.sql(`create database pristine_${name} template ${name}`);
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(server.port));
    gateway = new Postern(policy, join(folder, "data"), join(folder, "gateway.log"), {
      DATABASE_PASSWORD: server.password,
    });
    await gateway.start();
    const started = gateway;
    return {
      server,
      port: started.port,
      loot,
      async token(group) {
        const minted = await started.postern([
          ...["token", "mint", "--subject", "mallory", "--group", group, "--ttl", "6h"],
        ]);
        if (minted.code !== 0) throw new Error(minted.stderr);
        return minted.stdout.trim();
      },
      async restore() {
        for (const name of worlds) {
          await server.sql(`drop database ${name} with (force)`);
          await server.sql(`create database ${name} template pristine_${name}`);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Those of the policies (attack.ts), and `locked`, which has nothing but `read`. */
export const groups = [
  "read",
  "locked",
  "read-orders",
  "write-orders",
  "mask",
  "mask-write",
  "mask-deny",
] as const;

/** Where the right to write a table that nobody attacks keeps the read-only lock off, classification alone protects. */
const unlocked = 'write("attic.unused")';

function policyText(port: number): string {
  const resource = (database: World) => `
    ${database}: postgres({
      host: "127.0.0.1", port: ${port}, user: "postgres", database: "${database}", credential: env("DATABASE_PASSWORD"),
    }),`;
  const rule = (name: string, may: string, under = "") =>
    `{ name: "${name}", who: group("${name}"), on: ${JSON.stringify(worlds)}, may: [${may}]${under && `, under: [${under}]`} },`;
  return `
import { gateway, group, read, write } from "postern";
import { env, local, mask, postgres } from "postern/plugins";

const emails = mask({ columns: ["email"] });
const unseen = mask({ columns: ["email"], predicates: "deny" });

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  limits: { sessionsPerIdentity: 500 },
  resources: {${worlds.map(resource).join("")}
  },
  rules: [
    ${rule("read", `"read", ${unlocked}`)}
    ${rule("locked", '"read"')}
    ${rule("read-orders", `read("public.orders"), ${unlocked}`)}
    ${rule("write-orders", '"read", write("public.orders", "public.boom")')}
    ${rule("mask", `"read", ${unlocked}`, "emails")}
    ${rule("mask-write", '"read", write("public.notes")', "emails")}
    ${rule("mask-deny", `"read", ${unlocked}`, "unseen")}
  ],
});
`;
}

/** What another session runs meanwhile, for attacks that look at it or want it dead. */
export const bystander = { name: "bystander", text: `select '${elsewhere}' as what_others_run` };
