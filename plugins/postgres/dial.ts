import {
  type Action,
  type Arrival,
  type Dialed,
  identityLabel,
  onlyReads,
  type Permit,
  PosternError,
  type Reason,
  type Wire,
} from "../../core/plugin.ts";
import { startupState } from "./accept.ts";
import { type Account, accountOf, type PostgresConfig } from "./config.ts";
import { keepsReading } from "./keeps-reading.ts";
import { connectAs, type LoggedIn, logIn, reach, unsupported } from "./log-in.ts";
import { keepsRole } from "./roles/keep.ts";

/** What the server said at start-up: `Dialed.state`. */
export interface DialedState extends LoggedIn {
  /** Its transactions are read-only: the session's rights were only to read when it began. */
  readonly locked?: true;
  /** The session logs in as a role made for it, and not as the gateway's own connections do. */
  readonly ownRole?: true;
}

/** A connection that is not logged in: the caller has asked for settings that policy decides on first. `Dialed.state` then. */
export interface Waiting {
  readonly asked: ReadonlyMap<string, string>;
  /** Logs in with these of them. Throws as `dial` does. */
  readonly logIn: (allowed: ReadonlyMap<string, string>) => Promise<DialedState>;
}

/** undefined: it is logged in. */
export function waiting({ state }: Dialed): Waiting | undefined {
  return "asked" in (state as DialedState | Waiting) ? (state as Waiting) : undefined;
}

export function dialedState(dialed: Dialed): DialedState {
  return dialed.state as DialedState;
}

/** A server cuts application_name at NAMEDATALEN - 1 bytes. */
const maxName = 63;

/**
 * Opens the session's own connection. Throws `resource.unreachable`, `resource.login`, `resource.config`; `postgres.setting`
 * where the server does not take what the caller set.
 */
export async function dial(permit: Permit<PostgresConfig>, arrival: Arrival): Promise<Dialed> {
  const { settings: chosen, asked, replication } = startupState(arrival);
  if (replication !== undefined && !permit.effects.has("replicate")) throw noReplication(arrival.resource);
  const settings = new Map(chosen);
  if (replication !== undefined)
    settings.set("replication", replication === "database" ? "database" : "true");
  settings.set("application_name", applicationName(permit.session, arrival));
  const locked = onlyReads(permit.effects);
  if (locked) settings.set("default_transaction_read_only", "on");
  const { account, refuses } = await accountFor(permit, replication !== undefined);
  const { config, signal } = permit;
  const wire = await reach(account, config);
  const logInWith = async (allowed: ReadonlyMap<string, string>) => {
    // The gateway's own go before what anybody else chooses.
    const state = await logIn(wire, account, config, new Map([...allowed, ...settings]), signal);
    return {
      ...(locked ? lockedState(wire, state) : state),
      ...(refuses === undefined ? {} : { ownRole: true as const }),
    };
  };
  const dialed = { wire, refuses: refuses === undefined ? keepsReading : keepsBoth(refuses) };
  if (asked.size === 0) return { ...dialed, state: await logInWith(asked) };
  // Its time runs again once the gateway logs in.
  wire.deadline(0);
  return { ...dialed, state: { asked, logIn: logInWith } satisfies Waiting };
}

/** A function of its own: what it sees lives as long as the session. */
function keepsBoth(refuses: (action: Action) => Reason | undefined): NonNullable<Dialed["refuses"]> {
  return (action, effects) => keepsReading(action, effects) ?? refuses(action);
}

/** Throws PosternError `resource.unsupported`. */
function lockedState(wire: Wire, state: LoggedIn): DialedState {
  // PostgreSQL 14 and later say it.
  if (state.parameters.get("default_transaction_read_only") !== "off") return { ...state, locked: true };
  wire.destroy();
  throw unsupported("default_transaction_read_only = on");
}

/** `psql postern:ses_… alice`: the session whole, who it is as far as it fits, then what the client says of itself. */
function applicationName(session: string, { identity, application = "" }: Arrival): string {
  const whose = `postern:${session} ${printable(identityLabel(identity))}`.slice(0, maxName);
  const own = printable(application).slice(0, Math.max(0, maxName - whose.length - 1));
  return own === "" ? whose : `${own} ${whose}`;
}

/**
 * A connection of the gateway's own to the same resource. What writes out a view or a rule locks its tables, and the session
 * that has locked them may be the one that waits for the answer.
 */
export async function dialControl(permit: Permit<PostgresConfig>): Promise<Dialed> {
  const { account } = await accountFor(permit, false);
  const settings = new Map([...ownSettings(permit.label), ["lock_timeout", "100"]]);
  return await connectAs(account, permit.config, settings, permit.signal);
}

/** How connections of the gateway's own go about: read only, no name of the caller's in between. */
export function ownSettings(label: string): ReadonlyMap<string, string> {
  return new Map([
    ["application_name", printable(label).slice(0, maxName)],
    ["default_transaction_read_only", "on"],
    ["search_path", "pg_catalog"],
    ["statement_timeout", "5000"],
    // Questions about the catalogue look costly to a planner and are not.
    ["jit", "off"],
  ]);
}

/** A role with REPLICATION can read everything, whatever it may become, and few logins may make one. */
function roleCannot(): PosternError {
  return new PosternError(
    "postgres.replication",
    "Replication connections to this resource cannot be: a session has a role of its own here, and that may not replicate.",
    {
      hint: "Whoever keeps the policy registers the same server again with a secret, for a login with REPLICATION.",
    },
  );
}

/** Whom the permit's credential is for, and what a session that has a role of its own may not do. */
async function accountFor(
  permit: Permit<PostgresConfig>,
  replicates: boolean,
): Promise<{ account: Account; refuses?: (action: Action) => Reason | undefined }> {
  const { config } = permit;
  const { value, runsAs, as } = (await permit.credential()) ?? {};
  if (runsAs !== undefined && replicates) throw roleCannot();
  const account = accountOf(runsAs === undefined ? config : { ...config, user: runsAs }, value);
  return { account, ...(as === undefined ? {} : { refuses: keepsRole(as) }) };
}

function noReplication(resource: string): PosternError {
  return new PosternError(
    "postgres.replication",
    `Replication connections to ${resource} need the right \`replicate\`, and no rule gives it to you.`,
    {
      hint: 'Whoever keeps the policy writes `may: ["replicate"]` in a rule; without `replication` you connect as ever.',
    },
  );
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
