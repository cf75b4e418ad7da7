import { PosternError } from "../../../core/plugin.ts";

/** What a start-up packet sets; names in lower case, in the order in which the server would apply them. */
export interface CallerSettings {
  /** Those that change nothing but how answers look and how long things take: they go to the server as they are. */
  readonly settings: ReadonlyMap<string, string>;
  /** All others. Policy decides on each as on the SET that it is. */
  readonly asked: ReadonlyMap<string, string>;
}

/**
 * Settings that clients send without being told to, and values of them that need no right. As a SET they would be a `read`
 * of the setting, which rules that name tables do not give.
 */
const text = /^[^\0]{0,128}$/;
const free: ReadonlyMap<string, RegExp> = new Map([
  ["application_name", text],
  ["client_encoding", /^'?(utf-?8|unicode)'?$/i],
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

/** psql says this where the terminal has no locale; it asks for no conversion, so UTF8 serves it. */
const noEncoding = /^'?sql_?ascii'?$/i;

/** What a start-up packet says beside settings: in this case only, and no setting has such a name. */
const ownParameters = new Set(["user", "database", "options", "replication"]);

/**
 * They count from start-up or not at all, so that no SET could do what they do: load a library into the session before
 * anything is decided, keep it out of the server's log, have it run past indexes.
 */
const onlyAtStartup = new Set(
  `ignore_system_indexes jit_debugging_support jit_profiling_support local_preload_libraries log_connections
  log_disconnections post_auth_delay session_preload_libraries`.split(/\s+/),
);

/** As the server takes the names of settings (valid_custom_variable_name), in ASCII. */
const settingName = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/;

/** Settings of one start-up packet that policy is asked about: each is an entry of the trail. */
const mostAsked = 32;

/** Throws PosternError `postgres.setting`. */
export function callerSettings(parameters: ReadonlyMap<string, string>): CallerSettings {
  const all = new Map<string, string>();
  for (const [name, value] of splitOptions(parameters.get("options") ?? "")) set(all, name, value);
  for (const [name, value] of parameters) {
    if (!ownParameters.has(name) && !name.startsWith("_pq_.")) set(all, name, value);
  }
  const settings = new Map<string, string>();
  const asked = new Map<string, string>();
  for (const [name, value] of all) {
    if (name === "client_encoding" && noEncoding.test(value)) continue;
    (free.get(name)?.test(value) ? settings : asked).set(name, value);
  }
  // The gateway's own choice in any case.
  settings.delete("client_encoding");
  if (asked.size > mostAsked) {
    throw refused(
      `More than ${mostAsked} settings stand in the start-up packet.`,
      "Use SET after connecting.",
    );
  }
  return { settings, asked };
}

/** The last value of a name counts, in its place. */
function set(all: Map<string, string>, name: string, value: string): void {
  const key = lowerCase(name);
  if (ownParameters.has(key) || key.startsWith("_pq_.") || !settingName.test(key) || key.length > 63) {
    throw refused(
      `"${shown(name)}" is no setting.`,
      "Remove it from the connection's options, or correct its name.",
    );
  }
  if (onlyAtStartup.has(key)) {
    throw refused(
      `"${key}" counts from start-up or not at all, and is not passed on through the gateway.`,
      "Leave it out of the connection's options. Whoever keeps the server sets it for a role (ALTER ROLE … SET).",
    );
  }
  all.delete(key);
  all.set(key, value);
}

/** As the server folds them: letters beyond ASCII stay what they are. */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Splits `options` as the server does (pg_split_opts): by white space, a backslash takes the next character as it is. */
function splitOptions(options: string): [string, string][] {
  const words = [...options.matchAll(/(?:\\[\s\S]|[^ \t\n\v\f\r\\])+/g)].map((match) =>
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
      throw refused(
        `"${shown(word)}" in the connection's options is not understood.`,
        "Write settings as `-c name=value`.",
      );
    }
    // The server takes `-` for `_` in these names.
    pairs.push([assignment.slice(0, equals).replaceAll("-", "_"), assignment.slice(equals + 1)]);
  }
  return pairs;
}

function refused(message: string, hint: string): PosternError {
  return new PosternError("postgres.setting", message, { hint });
}

/** What a caller wrote, fit for a message. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, 63);
}
