import {
  type CredentialSource,
  onlyKnown,
  PosternError,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import type { PostgresConfig } from "./config.ts";
import type { Emits } from "./protocol.ts";
import { tlsFlaw } from "./tls.ts";

export interface PostgresOptions extends PostgresConfig {
  /**
   * The password, or a whole `postgres://user:password@host:port/database`; `sessionRole()`: a role for each
   * session. None: the server must trust.
   */
  readonly credential?: Secret | CredentialSource<PostgresConfig>;
}

/**
 * A PostgreSQL database. Callers name it as the database they connect to.
 *
 *     orders: postgres({ host: "orders.internal", database: "orders", credential: env("ORDERS_URL") })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function postgres(options: PostgresOptions): Resource<PostgresConfig, Emits, "postgres"> {
  onlyKnown<PostgresOptions>("postgres", options, {
    host: true,
    port: true,
    database: true,
    user: true,
    tls: true,
    ca: true,
    cert: true,
    key: true,
    serverName: true,
    channelBinding: true,
    credential: true,
  });
  const { credential, ...config } = options;
  const { host, port = 5432 } = config;
  if (host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new PosternError("resource.config", `postgres({ host: "${host}", port: ${port} }) is no address.`, {
      hint: "host is a name, an address or the folder of a socket; port is 1 to 65535.",
    });
  }
  const flaw = tlsFlaw(config);
  if (flaw !== undefined) {
    throw new PosternError("resource.config", `postgres({ host: "${host}" }): ${flaw}.`, {
      hint: "See plugins/postgres/README.md, TLS to the server.",
    });
  }
  // Only a policy with such a resource has to load what carries it.
  const { protocol } = require("./protocol.ts") as typeof import("./protocol.ts");
  return { protocol, config, ...(credential ? { credential } : {}) };
}

export type { PostgresConfig } from "./config.ts";
export { type SessionRoleOptions, sessionRole } from "./roles/index.ts";
