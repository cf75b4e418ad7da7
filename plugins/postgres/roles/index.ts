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
import { Pool } from "./pool.ts";
import { sweep } from "./sweep.ts";
import { unmake } from "./unmake.ts";

export interface SessionRoleOptions {
  /** Whom the gateway logs in as to make and remove roles: a password, or a whole postgres:// URL. */
  readonly admin: Secret;
  /** The role of sessions whose rules name none with `as`. */
  readonly as?: string;
  /** The same for sessions whose rights are only to read: one that may do nothing else on the server either. Default `as`. */
  readonly readOnlyAs?: string;
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
  onlyKnown<SessionRoleOptions>("sessionRole", options, {
    admin: true,
    as: true,
    readOnlyAs: true,
    longest: true,
  });
  const { admin: secret, as, readOnlyAs, longest = "12h" } = options;
  for (const [option, role] of Object.entries({ as, readOnlyAs })) {
    if (role === undefined || (role !== "" && Buffer.byteLength(role) <= 63)) continue;
    throw new PosternError(
      "resource.config",
      `sessionRole({ ${option}: "${role}" }): that is no name of a role.`,
      {
        hint: "Name the role that sessions act as, as it is called on the server.",
      },
    );
  }
  const longestMs = milliseconds(longest);
  const pools = new WeakMap<PostgresConfig, Pools>();
  const poolsOf = (config: PostgresConfig): Pools => {
    const known = pools.get(config) ?? newPools(config, secret);
    pools.set(config, known);
    return known;
  };
  return {
    label: `session role by ${secret.label}`,
    ...(as === undefined ? {} : { as }),
    ...(readOnlyAs === undefined ? {} : { readOnlyAs }),
    async issue(request) {
      const login = await secret.read();
      if (request.purpose === "control") return { value: login };
      const until = request.until ?? Date.now() + longestMs;
      return await roleFor(request, until, accountOf(request.config, login), poolsOf(request.config));
    },
    sweep: (leases, config) => sweep(leases, () => new Admin({ config, secret })),
  };
}

/** Apart, so that no session waits to open while other ones' roles are removed. */
interface Pools {
  readonly making: Pool;
  readonly unmaking: Pool;
}

function newPools(config: PostgresConfig, secret: Secret): Pools {
  // A server that crashes may forget a role that it has just made: its session is gone then, too.
  const settings = { synchronous_commit: "off" };
  return {
    making: new Pool(2, () => new Admin({ config, secret, settings })),
    unmaking: new Pool(4, () => new Admin({ config, secret })),
  };
}

async function roleFor(
  request: CredentialRequest<PostgresConfig>,
  until: number,
  account: Account,
  { making, unmaking }: Pools,
): Promise<ResourceCredential> {
  const { as, identity, label } = request;
  if (as === undefined) throw noRole();
  const name = newRoleName();
  const password = randomBytes(24).toString("base64url");
  const [lease, verifier] = await Promise.all([request.lease(name, until), scramVerifier(password)]);
  const comment = printable(`${markOf(lease.id)}${label} (${identity.issuer}), gateway ${lease.gateway}`);
  const validUntil = Math.min(until, Date.now() + loginTime);
  try {
    await making.use((admin) => make(admin, { name, as, verifier, validUntil, comment }));
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
      await unmaking.use((admin) => unmake(admin, lease));
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
