import { PosternError, type TlsVerification } from "../../core/plugin.ts";

/** A PostgreSQL database as the policy registers it. */
export interface PostgresConfig {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  /** 5432 unless given. */
  readonly port?: number;
  /** The user's name unless given. */
  readonly database?: string;
  /** Whom the gateway logs in as; may be in the credential instead. */
  readonly user?: string;
  /**
   * How the connection to the server is protected. `verify-full` unless given; on the loopback interface
   * and on a unix socket `disable`.
   */
  readonly tls?: TlsVerification | "disable";
  /** PEM file: the authorities that issue the server's certificate. The public ones unless given. */
  readonly ca?: string;
  /** PEM files: the gateway's own certificate and key, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must be for, where it is not `host`. */
  readonly serverName?: string;
  /** SCRAM bound to the TLS connection: `prefer` unless given. */
  readonly channelBinding?: ChannelBinding;
}

export type ChannelBinding = "prefer" | "require" | "disable";

/** Where and as whom to log in; made from config and credential, held only while logging in. */
export interface Account {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
}

/**
 * `credential` is a password, or a whole `postgres://user:password@host:port/database`. What both name
 * must agree: a password never goes to a host that the policy does not show. Throws `resource.config`.
 */
export function accountOf(config: PostgresConfig, credential: string | undefined): Account {
  const url =
    credential !== undefined && /^postgres(ql)?:\/\//.test(credential) ? parsed(credential) : undefined;
  if (url?.host) agree("host", config.host, url.host);
  const user = agree("user", config.user, url?.user);
  if (user === undefined) {
    throw new PosternError("resource.config", "Neither the policy nor the credential names a user.", {
      hint: 'Write postgres({ user: "…" }), or give a whole postgres:// URL as credential.',
    });
  }
  return {
    host: config.host,
    port: Number(agree("port", config.port?.toString(), url?.port) ?? 5432),
    user,
    database: agree("database", config.database, url?.database) ?? user,
    password: url ? url.password : credential,
  };
}

interface Parsed {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
}

function parsed(credential: string): Parsed {
  const part = (text: string) => (text === "" ? undefined : decodeURIComponent(text));
  try {
    const url = new URL(credential);
    return {
      host: part(url.hostname.replace(/^\[(.*)\]$/, "$1")),
      port: part(url.port),
      user: part(url.username),
      password: part(url.password),
      database: part(url.pathname.slice(1)),
    };
  } catch {
    // Neither the text nor the error that quotes it may be passed on: it is the secret.
    throw new PosternError("resource.config", "The credential begins like a postgres:// URL and is none.", {
      hint: "Percent-encode what is not a letter or a digit in user, password and database.",
    });
  }
}

function agree(what: string, config: string | undefined, url: string | undefined): string | undefined {
  if (config !== undefined && url !== undefined && config !== url) {
    throw new PosternError("resource.config", `The credential names another ${what} than the policy does.`, {
      hint: `Make them agree, or leave the ${what} out of one of them.`,
    });
  }
  return config ?? url;
}
