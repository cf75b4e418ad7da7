import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../core/control/api.ts";
import { issueCertificate, makeAuthority } from "../../core/tls/authority.ts";
import { Postern } from "../postern.ts";
import { audience, type OidcOptions, type OidcServer, publicClient, startOidc } from "../servers/oidc.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { Home } from "./home.ts";
import { schema } from "./people.ts";

/** A provider, a server, and the gateway between them: people sign in from machines of their own. */
export class SignedInDoor implements AsyncDisposable {
  private constructor(
    readonly provider: OidcServer,
    readonly server: PostgresServer,
    readonly gateway: Postern,
    readonly folder: string,
    readonly url: string,
  ) {}

  /** PEM file of the authority of everything that the gateway serves. */
  get ca(): string {
    return join(this.folder, "ca.crt");
  }

  static async open(options: OidcOptions = {}): Promise<SignedInDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-signed-in-"));
    const [provider, server] = await Promise.all([startOidc(options), startPostgres({ version: 15 })]);
    await server.sql(schema);
    await certificates(folder);
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(folder, provider.issuer, server.port));
    const data = join(folder, "data");
    const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
      DATABASE_PASSWORD: server.password,
    });
    await gateway.start();
    const answer = await fetch("http://postern/v1/status", { unix: join(data, "control.sock") });
    const { listeners } = (await answer.json()) as Status;
    const web = listeners.find(({ protocol }) => protocol === "web");
    return new SignedInDoor(provider, server, gateway, folder, `https://127.0.0.1:${web?.port}`);
  }

  /** Somebody's own machine. */
  home(): Home {
    return new Home(mkdtempSync(join(this.folder, "home-")), this.ca);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.kill();
    await Promise.all([this.provider.stop(), this.server.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function certificates(folder: string): Promise<void> {
  const authority = await makeAuthority("test", 1);
  const own = await issueCertificate(authority, { names: ["127.0.0.1"], use: "server", days: 1 });
  writeFileSync(join(folder, "ca.crt"), authority.cert);
  writeFileSync(join(folder, "gateway.crt"), own.cert);
  writeFileSync(join(folder, "gateway.key"), own.key, { mode: 0o600 });
}

function policyText(folder: string, issuer: string, port: number): string {
  const tls = JSON.stringify({ cert: join(folder, "gateway.crt"), key: join(folder, "gateway.key") });
  return `
import { gateway, group } from "postern";
import { approve, env, oidc, postgres } from "postern/plugins";

export default gateway({
  listen: { postgres: { port: 0, tls: ${tls} } },
  web: { port: 0, tls: ${tls} },
  identity: [oidc({ issuer: "${issuer}", audience: "${audience}", login: { clientId: "${publicClient}" } })],
  resources: {
    shop: postgres({
      host: "127.0.0.1", port: ${port}, user: "postgres", database: "postgres", tls: "disable",
      credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [
    { name: "support reads", who: group("support"), on: "shop", may: ["read"] },
    {
      name: "with a lead", who: group("support"), on: "shop", may: ["write"],
      under: [approve({ by: group("leads"), within: "1m" })],
    },
  ],
});
`;
}
