import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../core/control/api.ts";
import type { Entry, Written } from "../../core/trail/entry.ts";
import { Postern } from "../postern.ts";
import { RawClient } from "../raw.ts";
import {
  askingClient,
  audience,
  machineClient,
  type OidcServer,
  opaqueAudience,
  publicClient,
  startOidc,
} from "../servers/oidc.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { entriesIn } from "../trail.ts";
import { schema } from "./people.ts";

const accounts = {
  alice: { name: "Alice A.", groups: ["support"] },
  carol: { name: "Carol C.", groups: ["support"] },
  dave: { name: "Dave D.", groups: ["support"] },
};

/** A real OpenID provider, a real server, and a real gateway between them that trusts the one and guards the other. */
export class OidcDoor {
  private constructor(
    readonly provider: OidcServer,
    readonly server: PostgresServer,
    readonly gateway: Postern,
    readonly folder: string,
  ) {}

  static async open(): Promise<OidcDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-oidc-"));
    const [provider, server] = await Promise.all([startOidc({ accounts }), startPostgres({ version: 15 })]);
    await server.sql(schema);
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(provider.issuer, server.port));
    const gateway = new Postern(policy, join(folder, "data"), join(folder, "gateway.log"), {
      DATABASE_PASSWORD: server.password,
      OIDC_SECRET: askingClient.secret,
    });
    const door = new OidcDoor(provider, server, gateway, folder);
    try {
      await gateway.start();
      provider.tellLogouts(`${await door.web()}/logout`);
      return door;
    } catch (error) {
      await door.close();
      throw error;
    }
  }

  login(token: string): Promise<RawClient> {
    return RawClient.login(this.gateway.port, "anybody", "shop", token);
  }

  /** All entries of this kind, from the segments themselves. */
  entries<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    const all: Written[] = entriesIn(join(this.folder, "data"));
    return all.filter((entry): entry is Written<Extract<Entry, { kind: K }>> => entry.kind === kind);
  }

  /** Where the provider reaches the gateway. */
  async web(): Promise<string> {
    const unix = join(this.folder, "data", "control.sock");
    const { listeners } = (await (await fetch("http://postern/v1/status", { unix })).json()) as Status;
    const web = listeners.find(({ protocol }) => protocol === "web");
    return `http://127.0.0.1:${web?.port}/identity/provider`;
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    await Promise.all([this.provider.stop(), this.server.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function policyText(issuer: string, port: number): string {
  return `
import { gateway, group, machine } from "postern";
import { env, oidc, postgres } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  web: { host: "127.0.0.1", port: 0, insecure: true },
  workers: 2,
  limits: { sessionsPerIdentity: 500 },
  identity: [
    oidc({
      issuer: "${issuer}",
      audience: ["${audience}", "${opaqueAudience}"],
      introspection: { clientId: "${askingClient.id}", secret: env("OIDC_SECRET"), every: "1s", opaque: true },
      login: { clientId: "${publicClient}" },
      logout: { path: "provider" },
    }),
  ],
  resources: {
    shop: postgres({
      host: "127.0.0.1", port: ${port}, user: "postgres", database: "postgres", tls: "disable",
      credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [
    { name: "support reads", who: group("support"), on: "shop", may: "all" },
    { name: "runners read", who: machine("${machineClient.id}"), on: "shop", may: ["read"] },
  ],
});
`;
}
