import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Postern } from "../postern.ts";
import { type LibsqlServer, startLibsql } from "../servers/libsql.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";

const databasePassword = "fixture-password";

/** What `postern credentials issue --json` prints. */
export interface IssuedPair {
  readonly user: string;
  readonly password: string;
  readonly expires: number;
}

/** Two real gateway processes that share a real libSQL server, before one real PostgreSQL. */
export class SharedDoors {
  constructor(
    readonly server: PostgresServer,
    readonly store: LibsqlServer,
    readonly gateways: readonly [Postern, Postern],
    readonly folder: string,
  ) {}

  /** Issued by the first gateway, to `ada` of the group `support`. */
  async issue(...options: string[]): Promise<IssuedPair> {
    const [first] = this.gateways;
    const { code, stdout, stderr } = await first.postern(
      ["credentials", "issue", "shop", "--json", ...options],
      await this.token("ada"),
    );
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as IssuedPair;
  }

  async token(subject: string): Promise<string> {
    const minted = await this.gateways[0].postern([
      "token",
      "mint",
      "--subject",
      subject,
      "--group",
      "support",
    ]);
    if (minted.code !== 0) throw new Error(minted.stderr);
    return minted.stdout.trim();
  }

  /** A client that is in. Rejects with what the gateway says. */
  async login(gateway: Postern, user: string, password: string): Promise<pg.Client> {
    const client = new pg.Client({ host: "127.0.0.1", port: gateway.port, user, password, database: "shop" });
    // The end of a session comes as an error, and the end of its connection as another.
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** The message with which a login is refused; undefined: it got in. */
  async refusal(gateway: Postern, user: string, password: string): Promise<string | undefined> {
    try {
      await (await this.login(gateway, user, password)).end();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.kill()));
    await this.store.close();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function openSharedDoors(): Promise<SharedDoors> {
  const folder = mkdtempSync(join(tmpdir(), "postern-shared-"));
  const [server, store] = await Promise.all([
    startPostgres({ version: 18, password: databasePassword }),
    startLibsql(),
  ]);
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, policyText(server.port, store.url));
  const gateways = ["one", "two"].map(
    (name) =>
      new Postern(policy, join(folder, name), join(folder, `${name}.log`), {
        DATABASE_PASSWORD: databasePassword,
        STORE_TOKEN: store.token,
      }),
  ) as [Postern, Postern];
  const doors = new SharedDoors(server, store, gateways, folder);
  try {
    // Both at once: each finds the store without its tables.
    await Promise.all(gateways.map((gateway) => gateway.start()));
    return doors;
  } catch (error) {
    await doors.close();
    throw error;
  }
}

function policyText(databasePort: number, storeUrl: string): string {
  return `
import { gateway, group } from "postern";
import { env, local, postgres } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  store: { url: ${JSON.stringify(storeUrl)}, token: env("STORE_TOKEN") },
  limits: { loginDelay: "1ms" },
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${databasePort},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [{ who: group("support"), on: "shop", may: "all" }],
});
`;
}
