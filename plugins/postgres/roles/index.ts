import { randomBytes } from "node:crypto";
import {
  type CredentialRequest,
  type CredentialSource,
  type Duration,
  milliseconds,
  onlyKnown,
  PosternError,
  type ResourceCredential,
  type Secret,
  scramVerifier,
} from "../../../core/plugin.ts";
import { type Account, accountOf, type PostgresConfig } from "../config.ts";
import { Admin } from "./admin.ts";
import { make } from "./make.ts";
import { markOf, newRoleName } from "./name.ts";
import { sweep } from "./sweep.ts";
import { unmake } from "./unmake.ts";

export interface SessionRoleOptions {
  /** Whom the gateway logs in as to make and remove roles: a password, or a whole postgres:// URL. */
  readonly admin: Secret;
  /** The role of sessions whose rules name none with `as`. */
  readonly as?: string;
  /** How long a session may last that neither its rules nor its token bound. Default 12h. */
  readonly longest?: Duration;
}

/** Milliseconds in which the session's own login must be over; clocks are compared before. */
const loginTime = 60_000;

/**
 * A role of its own for each session, that runs as the role which the session's rules map it to.
 *
 *     postgres({ host, database, credential: sessionRole({ admin: env("ORDERS_ADMIN_URL"), as: "orders_reader" }) })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function sessionRole(options: SessionRoleOptions): CredentialSource<PostgresConfig> {
  onlyKnown<SessionRoleOptions>("sessionRole", options, { admin: true, as: true, longest: true });
  const { admin: secret, as, longest = "12h" } = options;
  if (as !== undefined && (as === "" || Buffer.byteLength(as) > 63)) {
    throw new PosternError("resource.config", `sessionRole({ as: "${as}" }): that is no name of a role.`, {
      hint: "Name the role that sessions act as, as it is called on the server.",
    });
  }
  const longestMs = milliseconds(longest);
  const admins = new WeakMap<PostgresConfig, Admins>();
  const adminsOf = (config: PostgresConfig): Admins => {
    const known = admins.get(config) ?? newAdmins(config, secret);
    admins.set(config, known);
    return known;
  };
  return {
    label: `session role by ${secret.label}`,
    ...(as === undefined ? {} : { as }),
    async issue(request) {
      const login = await secret.read();
      if (request.purpose === "control") return { value: login };
      const { making, unmaking } = adminsOf(request.config);
      const until = request.until ?? Date.now() + longestMs;
      return await roleFor(request, until, accountOf(request.config, login), making, unmaking);
    },
    sweep: (leases, config) => sweep(leases, () => new Admin({ config, secret })),
  };
}

/** Two connections, so that no session waits to open while another one's role is removed. */
interface Admins {
  readonly making: Admin;
  readonly unmaking: Admin;
}

function newAdmins(config: PostgresConfig, secret: Secret): Admins {
  return {
    // A server that crashes may forget a role that it has just made: its session is gone then, too.
    making: new Admin({ config, secret, settings: { synchronous_commit: "off" } }),
    unmaking: new Admin({ config, secret }),
  };
}

async function roleFor(
  request: CredentialRequest<PostgresConfig>,
  until: number,
  account: Account,
  making: Admin,
  unmaking: Admin,
): Promise<ResourceCredential> {
  const { as, identity, label } = request;
  if (as === undefined) throw noRole();
  const name = newRoleName();
  const lease = await request.lease(name, until);
  const password = randomBytes(24).toString("base64url");
  const comment = printable(`${markOf(lease.id)}${label} (${identity.issuer}), gateway ${lease.gateway}`);
  const validUntil = Math.min(until, Date.now() + loginTime);
  try {
    await make(making, { name, as, verifier: await scramVerifier(password), validUntil, comment });
  } catch (error) {
    if (error instanceof PosternError && error.code === "postgres.admin") lease.released();
    throw error;
  }
  return {
    value: urlOf({ ...account, user: name, password }),
    id: name,
    runsAs: name,
    as,
    async close() {
      await unmake(unmaking, lease);
      lease.released();
    },
  };
}

function noRole(): PosternError {
  return new PosternError(
    "postgres.no-role",
    "No rule says which role of the resource this session runs as.",
    {
      hint: 'Whoever keeps the policy writes `as: "…"` in a rule, or sessionRole({ as: "…" }).',
    },
  );
}

function urlOf({ host, port, user, database, password = "" }: Account): string {
  const where = host.includes(":") ? `[${host}]` : encodeURIComponent(host);
  return `postgres://${user}:${password}@${where}:${port}/${encodeURIComponent(database)}`;
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?").slice(0, 500);
}
