import { type Dialed, PosternError, type Wire } from "../../core/plugin.ts";
import { login, maxLoginMessage, serverRefused } from "./auth/login.ts";
import type { Account, PostgresConfig } from "./config.ts";
import { connect, type Target, targetOf } from "./connect.ts";
import { backend } from "./wire/message.ts";
import { malformed } from "./wire/read.ts";
import { receive } from "./wire/receive.ts";
import { errorFields, type ReportFields } from "./wire/report.ts";
import { type CancelKey, cancelKeyOf, parameterStatusOf } from "./wire/session.ts";
import { protocolVersion, startupMessage } from "./wire/startup.ts";

/** What the server said at start-up. */
export interface LoggedIn {
  readonly target: Target;
  /** ParameterStatus, in the order it came. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The server's own key; never told to the caller. Absent: the server takes no cancel requests. */
  readonly key?: CancelKey;
}

/** Milliseconds for connecting, and again for logging in. */
const timeLimit = 10_000;

/**
 * What statements mean must not hang on the server's defaults: the classifier reads UTF8 and standard
 * strings, so the server must too. What policy let the caller choose instead goes before it.
 */
const fixedSettings = [
  ["client_encoding", "UTF8"],
  ["standard_conforming_strings", "on"],
] as const;

/** A connection to the server on which nothing has been said. Throws `resource.unreachable`, `resource.tls`, `resource.no-tls`. */
export async function reach(account: Account, config: PostgresConfig): Promise<Wire> {
  try {
    return await connect(targetOf(account, config), timeLimit);
  } catch (cause) {
    if (cause instanceof PosternError && cause.code.startsWith("resource.")) throw cause;
    throw new PosternError("resource.unreachable", "The resource cannot be reached.", {
      hint: "Try again in a moment; the operator finds the reason in the log.",
      cause,
    });
  }
}

/** A connection that is ready for its first query. Throws as `reach` and `logIn` do. */
export async function connectAs(
  account: Account,
  config: PostgresConfig,
  settings: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<Dialed> {
  const wire = await reach(account, config);
  return { wire, state: await logIn(wire, account, config, settings, signal) };
}

/**
 * Makes a connection ready for its first query; it is destroyed where that fails. Throws `resource.unreachable`,
 * `resource.login`, `resource.unsupported`; `postgres.setting` where the server does not take one of the settings.
 */
export async function logIn(
  wire: Wire,
  account: Account,
  config: PostgresConfig,
  settings: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<LoggedIn> {
  const giveUp = () => wire.destroy();
  signal?.addEventListener("abort", giveUp);
  if (signal?.aborted) giveUp();
  try {
    wire.deadline(timeLimit);
    const fixed = fixedSettings.filter(([name]) => !settings.has(name));
    wire.write(
      startupMessage(protocolVersion.v3_0, [
        ["user", account.user],
        ["database", account.database],
        ...settings,
        ...fixed,
      ]),
    );
    await login(wire, account, config.channelBinding);
    const state = await untilReady(wire, targetOf(account, config));
    for (const [name, value] of fixed) {
      if (state.parameters.get(name) !== value) throw unsupported(`${name} = ${value}`);
    }
    wire.deadline(0);
    return state;
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

async function untilReady(wire: Wire, target: Target): Promise<LoggedIn> {
  const parameters = new Map<string, string>();
  let key: CancelKey | undefined;
  for (;;) {
    const { type, body } = await receive(wire, maxLoginMessage);
    if (type === backend.readyForQuery) break;
    if (type === backend.errorResponse) {
      const fields = errorFields(body, 0, body.length);
      throw settingRefused(fields) ?? serverRefused(fields);
    }
    if (type === backend.parameterStatus) {
      const { name, value } = parameterStatusOf(body, 0, body.length);
      parameters.set(name, value);
    } else if (type === backend.backendKeyData) key = cancelKeyOf(body, 0, body.length);
    else if (type !== backend.noticeResponse) throw malformed("start-up", `a message of type ${type} in it`);
  }
  return { target, parameters, ...(key ? { key } : {}) };
}

/** invalid_parameter_value, undefined_object, cant_change_runtime_param. */
const ofSettings: ReadonlySet<string> = new Set(["22023", "42704", "55P02"]);

/**
 * What a server says of a setting holds nothing but what the caller wrote. A function that runs at login could say the same
 * of anything: that has a context.
 */
function settingRefused({ code = "", message = "", where }: ReportFields): PosternError | undefined {
  const of = ofSettings.has(code) || (code === "42501" && message.startsWith("permission denied to set "));
  if (!of || where !== undefined) return undefined;
  return new PosternError("postgres.setting", `The resource does not take a setting: ${message}.`, {
    hint: "Correct it in the connection's options, or leave it out.",
  });
}

/** The server, or a pooler in between, goes its own way. */
export function unsupported(setting: string): PosternError {
  return new PosternError("resource.unsupported", `The resource does not keep to ${setting}.`, {
    hint: "A pooler in between must pass these settings on.",
  });
}
