import { type Action, type Denial, type Gate, type Pass, PosternError } from "../../../core/plugin.ts";
import type { DialedState, Waiting } from "../dial.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { defaultSettings, nextSettings, type SessionSettings } from "../sql/settings.ts";

/** What deciding on the settings of a start-up packet takes. */
export interface Deciding {
  readonly gate: Gate;
  readonly classify: (text: string, settings: SessionSettings) => SqlStatement | Promise<SqlStatement>;
  /** Whether functions of the database's own run when the gateway logs in. Rejects where nobody can tell. */
  runsAtLogin(): Promise<boolean>;
}

/**
 * What a start-up packet can do that no SET can: a function that runs at login runs under its settings already. It may be led
 * astray by them (`search_path`), or not run at all (`event_triggers`, `session_replication_role`).
 */
const beforeLogin: Action = { effect: "execute", on: "login trigger" };

/**
 * Brings each setting before the gate as the SET that it is, then logs in with all of them. What the session's texts mean
 * afterwards is in `settings`. Throws a PosternError with the first reason why one may not be; nothing has been sent then.
 */
export async function askFor(
  { asked, logIn }: Waiting,
  deciding: Deciding,
): Promise<{ readonly dialed: DialedState; readonly settings: SessionSettings }> {
  const { gate, classify } = deciding;
  const triggered = await deciding.runsAtLogin().catch(() => true);
  const passes: Pass[] = [];
  let settings = defaultSettings;
  let result: "ok" | "error" | "cancelled" = "cancelled";
  try {
    for (const [name, value] of asked) {
      const statement = await classify(setting(name, value), defaultSettings);
      passes.push(await pass(gate, name, triggered ? withLogin(statement) : statement));
      settings = nextSettings(settings, statement.detail.changes);
    }
    for (const each of passes) await each.ready();
    result = "error";
    const dialed = await logIn(asked);
    result = "ok";
    return { dialed, settings };
  } finally {
    for (const each of passes) each.end({ result });
  }
}

/**
 * The statement that does the same: it takes the whole value, as the start-up packet does, where SET would take a list.
 * Quotes are doubled; a backslash stands for itself under the settings that it is read by.
 */
function setting(name: string, value: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `SELECT pg_catalog.set_config(${quoted(name)}, ${quoted(value)}, false)`;
}

function withLogin(statement: SqlStatement): SqlStatement {
  return { ...statement, actions: [...statement.actions, beforeLogin] };
}

async function pass(gate: Gate, name: string, statement: SqlStatement): Promise<Pass> {
  const plan = gate.plan(statement);
  if (plan.verdict === "willHold") throw cannotWait(name);
  let held = false;
  const decided = await gate.begin(plan, {
    inTransaction: false,
    held(hold) {
      held = true;
      hold.withdraw("cancelled");
    },
  });
  if (!("deny" in decided)) return decided;
  throw held ? cannotWait(name) : denied(name, decided);
}

function denied(name: string, { deny: { code, message, rule, hint } }: Denial): PosternError {
  return new PosternError(code, `"${name}" cannot be set at start-up: ${message}`, {
    ...(rule === undefined ? {} : { rule }),
    hint: hint ?? "Remove it from the connection's options.",
  });
}

function cannotWait(name: string): PosternError {
  return new PosternError(
    "postgres.setting",
    `"${name}" needs an approval, and at start-up nobody waits for one.`,
    { hint: "Remove it from the connection's options; use SET after connecting." },
  );
}
