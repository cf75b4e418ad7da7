import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern, postern, started } from "../postern.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { schema } from "./people.ts";

export interface SecureDoorOptions {
  readonly version: PostgresVersion;
  /** Inside of the listener's `tls: { … }`, after certificate and key. */
  readonly listener?: string;
  /** Inside of `postgres({ … })`, beside host, user and credential. */
  readonly resource?: string;
  /** The server asks the gateway for a certificate. */
  readonly serverAsks?: boolean;
  /** Inside of `gateway({ … })`. */
  readonly further?: string;
  /** Providers before `local()`; in the policy `folder` is where the files lie. */
  readonly identity?: string;
  /** Makes further files before the policy is read. */
  readonly prepare?: (folder: string) => Promise<void>;
}

/**
 * A real server that takes TLS only, and a real gateway before it that has a certificate for `localhost`: the
 * test's folder holds those that `postern certs` made, of one authority and (`other/`) of another.
 */
export class SecureDoor {
  constructor(
    readonly server: PostgresServer,
    readonly gateway: Postern,
    readonly folder: string,
  ) {}

  get port(): number {
    return this.gateway.port;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  async token(subject: string, group: string): Promise<string> {
    const { code, stdout, stderr } = await this.gateway.postern(
      ["token", "mint", "--subject", subject, "--group", group],
      undefined,
    );
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  /** A user and a password, for SCRAM. */
  async credential(subject: string, group: string): Promise<{ user: string; password: string }> {
    const token = await this.token(subject, group);
    const { stdout, stderr } = await this.gateway.postern(["credentials", "issue", "--json"], token);
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as { user: string; password: string };
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function openSecureDoor(options: SecureDoorOptions): Promise<SecureDoor> {
  const {
    version,
    listener = "",
    resource = 'tls: "verify-full", ca: certs.ca',
    serverAsks,
    further = "",
    identity = "",
  } = options;
  const folder = mkdtempSync(join(tmpdir(), "postern-secure-"));
  const file = (name: string) => join(folder, name);
  await certificates("--client", "alice", "--client", "gateway", "--name", "localhost", "--out", folder);
  await certificates("--client", "mallory", "--name", "localhost", "--out", file("other"));
  await options.prepare?.(folder);
  const tls = {
    cert: file("server.crt"),
    key: file("server.key"),
    ...(serverAsks ? { ca: file("ca.crt") } : {}),
  };
  const server = await startPostgres({ version, tls });
  await server.sql(schema);
  await server.sql("create database copy");
  const policy = file("policy.ts");
  writeFileSync(
    policy,
    `import { gateway, group } from "postern";
import { env, local, mask, mtls, oidc, postgres, record } from "postern/plugins";
const folder = "${folder}";
const certs = { ca: "${file("ca.crt")}", cert: "${file("gateway.crt")}", key: "${file("gateway.key")}" };
const at = { host: "127.0.0.1", port: ${server.port}, user: "postgres", credential: env("DATABASE_PASSWORD"), ${resource} } as const;
export default gateway({
  listen: {
    postgres: {
      port: 0,
      tls: { cert: "${file("server.crt")}", key: "${file("server.key")}", ${listener} },
    },
  },
  identity: [${identity} local()],
  always: [record()],
  resources: { shop: postgres({ ...at, database: "postgres" }), copy: postgres({ ...at, database: "copy" }) },
  rules: [
    { name: "support reads masked", who: group("support"), on: "shop", may: ["read"], under: [mask({ columns: ["email", "card"] })] },
    { name: "owners", who: group("owners"), on: "*", may: "all" },
  ],
  ${further}
});
`,
  );
  const gateway = new Postern(policy, file("data"), file("gateway.log"), {
    DATABASE_PASSWORD: server.password,
  });
  const door = new SecureDoor(server, gateway, folder);
  return started(door);
}

async function certificates(...args: string[]): Promise<void> {
  const made = await postern(["certs", ...args]);
  if (made.code !== 0) throw new Error(made.stderr);
}
