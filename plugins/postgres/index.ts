import {
  type Classified,
  type ConnectionProtocol,
  type CredentialSource,
  onlyKnown,
  PosternError,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import { accept } from "./accept.ts";
import { bypasses } from "./bypasses.ts";
import { keyDelivered } from "./cancel.ts";
import { client } from "./client.ts";
import type { PostgresConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { examine } from "./doctor.ts";
import { refuse } from "./refuse.ts";
import { relay } from "./relay/relay.ts";
import { replay } from "./replay/index.ts";
import { classify, defaultSettings, loadParser } from "./sql/index.ts";
import { tlsFlaw } from "./tls.ts";

type Emits = "operation" | "rows" | "text" | "wire" | "deadline" | "intake";

const protocol: ConnectionProtocol<PostgresConfig, Emits, "postgres"> = {
  name: "postgres",
  emits: ["operation", "rows", "text", "wire", "deadline", "intake"],
  accept,
  dial,
  relay,
  delivered: keyDelivered,
  refuse,
  async classify(text: string): Promise<Classified> {
    await loadParser();
    const { actions, unclear } = classify(text, defaultSettings);
    const words = unclear?.();
    return {
      actions,
      ...(words === undefined ? {} : { unclear: words }),
      beyond: "the database's catalogue may add what views, functions, rules, defaults and casts do",
    };
  },
  replay,
  client,
  bypasses,
  examine,
};

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
  return { protocol, config, ...(credential ? { credential } : {}) };
}

export type { PostgresConfig } from "./config.ts";
export { type SessionRoleOptions, sessionRole } from "./roles/index.ts";
