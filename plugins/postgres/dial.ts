import {
  type Action,
  type Arrival,
  type Dialed,
  type Effect,
  identityLabel,
  onlyReads,
  type Permit,
  PosternError,
  type Wire,
} from "../../core/plugin.ts";
import { startupState } from "./accept.ts";
import { login, maxLoginMessage, serverRefused } from "./auth/login.ts";
import { type Account, accountOf, type PostgresConfig } from "./config.ts";
import { connect, type Target, targetOf } from "./connect.ts";
import { keepsReading } from "./keeps-reading.ts";
import { keepsRole } from "./roles/keep.ts";
import { backend } from "./wire/message.ts";
import { malformed } from "./wire/read.ts";
import { receive } from "./wire/receive.ts";
import { errorFields } from "./wire/report.ts";
import { type CancelKey, cancelKeyOf, parameterStatusOf } from "./wire/session.ts";
import { protocolVersion, startupMessage } from "./wire/startup.ts";

/** What the server said at start-up: `Dialed.state`. */
export interface DialedState {
  readonly target: Target;
  /** ParameterStatus, in the order it came. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The server's own key; never told to the caller. Absent: the server takes no cancel requests. */
  readonly key?: CancelKey;
  /** Its transactions are read-only: the session's rights were only to read when it began. */
  readonly locked?: true;
}

export function dialedState(dialed: Dialed): DialedState {
  return dialed.state as DialedState;
}

/** Milliseconds for connecting and logging in. */
const dialTimeout = 10_000;

/** A server cuts application_name at NAMEDATALEN - 1 bytes. */
const maxName = 63;

/**
 * What statements mean must not hang on the server's defaults: the classifier reads UTF8 and standard
 * strings, so the server must too.
 */
const fixedSettings = [
  ["client_encoding", "UTF8"],
  ["standard_conforming_strings", "on"],
] as const;

/** Opens the session's own connection. Throws `resource.unreachable`, `resource.login`, `resource.config`. */
export async function dial(permit: Permit<PostgresConfig>, arrival: Arrival): Promise<Dialed> {
  const { settings: chosen, replication } = startupState(arrival);
  if (replication !== undefined && !permit.effects.has("replicate")) throw noReplication(arrival.resource);
  const settings = new Map(chosen);
  if (replication !== undefined)
    settings.set("replication", replication === "database" ? "database" : "true");
  settings.set("application_name", applicationName(permit.session, arrival));
  const locked = onlyReads(permit.effects);
  if (locked) settings.set("default_transaction_read_only", "on");
  const dialed = await open(permit, settings);
  const { refuses } = dialed;
  const kept = {
    ...dialed,
    refuses: (action: Action, effects: ReadonlySet<Effect>) =>
      keepsReading(action, effects) ?? refuses?.(action, effects),
  };
  return locked ? { ...kept, state: lockedState(dialed) } : kept;
}

/** Throws PosternError `resource.unsupported`. */
function lockedState({ wire, state }: Dialed): DialedState {
  const { parameters, ...rest } = state as DialedState;
  // PostgreSQL 14 and later say it.
  if (parameters.get("default_transaction_read_only") !== "off") return { parameters, ...rest, locked: true };
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
  return await open(permit, new Map([...ownSettings(permit.label), ["lock_timeout", "100"]]));
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

async function open(permit: Permit<PostgresConfig>, settings: ReadonlyMap<string, string>): Promise<Dialed> {
  const { config, signal } = permit;
  const { value, runsAs, as } = (await permit.credential()) ?? {};
  if (runsAs !== undefined && settings.has("replication")) throw roleCannot();
  const account = accountOf(runsAs === undefined ? config : { ...config, user: runsAs }, value);
  const dialed = await logIn(account, config, settings, signal);
  return as === undefined ? dialed : { ...dialed, refuses: keepsRole(as) };
}

/** A connection that is ready for its first query. Throws as `dial` does. */
export async function logIn(
  account: Account,
  config: PostgresConfig,
  settings: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<Dialed> {
  const target = targetOf(account, config);
  const wire = await reach(target);
  const giveUp = () => wire.destroy();
  signal?.addEventListener("abort", giveUp);
  if (signal?.aborted) giveUp();
  try {
    wire.write(
      startupMessage(protocolVersion.v3_0, [
        ["user", account.user],
        ["database", account.database],
        ...settings,
        ...fixedSettings,
      ]),
    );
    await login(wire, account, config.channelBinding);
    const state = await untilReady(wire, target);
    wire.deadline(0);
    return { wire, state };
  } catch (error) {
    wire.destroy();
    if (!(error instanceof PosternError) || !error.code.startsWith("wire.")) throw error;
    throw new PosternError("resource.unreachable", "The resource broke off while the gateway logged in.", {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

async function reach(target: Target): Promise<Wire> {
  try {
    return await connect(target, dialTimeout);
  } catch (cause) {
    if (cause instanceof PosternError && cause.code.startsWith("resource.")) throw cause;
    throw new PosternError("resource.unreachable", "The resource cannot be reached.", {
      hint: "Try again in a moment; the operator finds the reason in the log.",
      cause,
    });
  }
}

async function untilReady(wire: Wire, target: Target): Promise<DialedState> {
  const parameters = new Map<string, string>();
  let key: CancelKey | undefined;
  for (;;) {
    const { type, body } = await receive(wire, maxLoginMessage);
    if (type === backend.readyForQuery) break;
    if (type === backend.errorResponse) throw serverRefused(errorFields(body, 0, body.length));
    if (type === backend.parameterStatus) {
      const { name, value } = parameterStatusOf(body, 0, body.length);
      parameters.set(name, value);
    } else if (type === backend.backendKeyData) key = cancelKeyOf(body, 0, body.length);
    else if (type !== backend.noticeResponse) throw malformed("start-up", `a message of type ${type} in it`);
  }
  for (const [name, value] of fixedSettings) {
    if (parameters.get(name) !== value) {
      throw unsupported(`${name} = ${value}`);
    }
  }
  return { target, parameters, ...(key ? { key } : {}) };
}

function unsupported(setting: string): PosternError {
  return new PosternError("resource.unsupported", `The resource does not keep to ${setting}.`, {
    hint: "A pooler in between must pass these settings on.",
  });
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
