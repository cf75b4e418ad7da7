import { PosternError } from "../../../core/plugin.ts";

/**
 * Which settings a caller may choose at start-up, and their values. What is not listed is refused: a
 * start-up packet passes no guardrail, so `role`, `session_authorization` or `search_path` in it would
 * go around the policy. As a SET after connecting they are operations like any other.
 */
const text = /^[^\0]{0,128}$/;
const choosable: ReadonlyMap<string, RegExp> = new Map([
  ["application_name", text],
  ["client_min_messages", /^(notice|warning|error)$/i],
  ["datestyle", text],
  ["extra_float_digits", /^-?\d{1,2}$/],
  ["geqo", /^\w{1,8}$/],
  ["idle_in_transaction_session_timeout", /^\d{1,10}\s*\w{0,3}$/],
  ["intervalstyle", text],
  ["jit", /^\w{1,8}$/],
  ["lock_timeout", /^\d{1,10}\s*\w{0,3}$/],
  ["statement_timeout", /^\d{1,10}\s*\w{0,3}$/],
  ["timezone", text],
]);

const utf8 = /^'?(utf-?8|unicode)'?$/i;
/** psql says this where the terminal has no locale; it asks for no conversion, so UTF8 serves it. */
const noEncoding = /^'?sql_?ascii'?$/i;

/** The settings to hand to the server, names in lower case, in the order the server applies them. */
export function callerSettings(parameters: ReadonlyMap<string, string>): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of splitOptions(parameters.get("options") ?? "")) set(settings, name, value);
  for (const [name, value] of parameters) {
    if (!ownParameters.has(name) && !name.startsWith("_pq_.")) set(settings, name, value);
  }
  return settings;
}

const ownParameters = new Set(["user", "database", "options", "replication"]);

function set(settings: Map<string, string>, name: string, value: string): void {
  const key = name.toLowerCase();
  if (key === "client_encoding") {
    if (utf8.test(value) || noEncoding.test(value)) return;
    throw new PosternError("postgres.encoding", "This gateway reads statements in UTF8 only.", {
      hint: "Set client_encoding (PGCLIENTENCODING) to UTF8.",
    });
  }
  const values = choosable.get(key);
  if (values === undefined) {
    throw new PosternError(
      "postgres.setting",
      `"${shown(name)}" cannot be set at start-up through the gateway.`,
      {
        hint: "Remove it from the connection's options; use SET after connecting, which policy decides on.",
      },
    );
  }
  if (!values.test(value)) {
    throw new PosternError(
      "postgres.setting",
      `The value of "${key}" is not one that may be set at start-up.`,
      {
        hint: "Correct it, or use SET after connecting.",
      },
    );
  }
  settings.set(key, value);
}

/** Splits `options` as the server does (pg_split_opts): by white space, a backslash takes the next byte as it is. */
function splitOptions(options: string): [string, string][] {
  const words = [...options.matchAll(/(?:\\[\s\S]|[^\s\\])+/g)].map((match) =>
    match[0].replace(/\\([\s\S])/g, "$1"),
  );
  const pairs: [string, string][] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    let assignment = word.slice(2);
    if (word === "-c") {
      at += 1;
      assignment = words[at] ?? "";
    }
    const equals = assignment.indexOf("=");
    if (!/^(-c|--)/.test(word) || equals < 1) {
      throw new PosternError(
        "postgres.setting",
        `"${shown(word)}" in the connection's options is not understood.`,
        {
          hint: "Write settings as `-c name=value`.",
        },
      );
    }
    // The server takes `-` for `_` in these names.
    pairs.push([assignment.slice(0, equals).replaceAll("-", "_"), assignment.slice(equals + 1)]);
  }
  return pairs;
}

/** What a caller wrote, fit for a message. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, 63);
}
