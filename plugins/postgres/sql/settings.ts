/** What the meaning of a text depends on besides itself. The relay keeps it for a session and it only gets worse. */
export interface SessionSettings {
  /**
   * What a name without a schema means. `default`: the resource's own search_path. `changed`: the session set
   * another, so such a name may be in any schema. `untrusted`: pg_catalog may not come first, so even `lower`
   * or `=` may be somebody's function.
   */
  readonly names: "default" | "changed" | "untrusted";
  /** standard_conforming_strings: a backslash in '...' stands for itself. */
  readonly standardStrings: boolean;
  /** client_encoding is UTF8. In some others the second byte of a character can be a quote or a backslash. */
  readonly utf8: boolean;
}

/** Those of a session that has changed nothing. */
export const defaultSettings: SessionSettings = { names: "default", standardStrings: true, utf8: true };

const order = ["default", "changed", "untrusted"] as const;
const interned = new Map<string, SessionSettings>();

/**
 * The settings once a statement with these changes was sent. Taken when it is sent, not when it succeeds, and
 * never undone: a rollback, a RESET or an error may bring either value back.
 */
export function nextSettings(before: SessionSettings, changes: SessionSettings | undefined): SessionSettings {
  if (changes === undefined) return before;
  const names = order[Math.max(order.indexOf(before.names), order.indexOf(changes.names))] ?? "untrusted";
  const standardStrings = before.standardStrings && changes.standardStrings;
  const utf8 = before.utf8 && changes.utf8;
  const key = settingsKey({ names, standardStrings, utf8 });
  let settings = interned.get(key);
  if (settings === undefined) {
    settings = { names, standardStrings, utf8 };
    interned.set(key, settings);
  }
  return settings;
}

/** Equal for equal settings. */
export function settingsKey(settings: SessionSettings): string {
  return `${settings.names} ${settings.standardStrings} ${settings.utf8} `;
}

/** What a SET, RESET or set_config does, told from the setting's name and its constant values. */
export interface SettingChange {
  readonly effect: "read" | "grant" | "execute" | "unknown";
  readonly changes?: SessionSettings;
  /** Later statements of the same message are not to be told from their text. */
  readonly turns: boolean;
}

/** `values`: undefined when they cannot be told; [] for the default. */
export function settingChange(name: string, values: readonly string[] | undefined): SettingChange {
  switch (name) {
    case "role":
    case "session_authorization":
      return { effect: "grant", turns: true };
    case "search_path":
      return searchPath(values);
    case "standard_conforming_strings":
      return { effect: "read", turns: true, changes: { ...defaultSettings, standardStrings: isOn(values) } };
    case "client_encoding":
      return isUtf8(values)
        ? { effect: "read", turns: false }
        : { effect: "unknown", turns: true, changes: { ...defaultSettings, utf8: false } };
    case "backslash_quote":
      return { effect: "unknown", turns: true };
    default:
      return { effect: harmless.has(name) || name.startsWith("enable_") ? "read" : "execute", turns: false };
  }
}

function searchPath(values: readonly string[] | undefined): SettingChange {
  if (values === undefined)
    return { effect: "unknown", turns: true, changes: { ...defaultSettings, names: "untrusted" } };
  const schemas = values
    .flatMap((value) => value.split(","))
    .map((schema) => schema.trim().replaceAll('"', ""));
  // Each counts, also behind one that only looks like it: `"PG_CATALOG", evil, pg_catalog`, `"pg_catalog,x", evil, pg_catalog`.
  const at = schemas.findLastIndex((schema) => schema.toLowerCase() === "pg_catalog");
  if (at > 0) return { effect: "unknown", turns: true, changes: { ...defaultSettings, names: "untrusted" } };
  return { effect: "read", turns: true, changes: { ...defaultSettings, names: "changed" } };
}

function isOn(values: readonly string[] | undefined): boolean {
  return values?.length === 1 && /^(on|true|yes|1)$/i.test(values[0] ?? "");
}

function isUtf8(values: readonly string[] | undefined): boolean {
  return values?.length === 1 && /^\s*(utf-?8|unicode)\s*$/i.test(values[0] ?? "");
}

/** Change how answers look or how long things take, not what may be done or who does it. */
export const harmless: ReadonlySet<string> = new Set(
  `application_name bytea_output client_min_messages commit_delay constraint_exclusion cpu_index_tuple_cost
  cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction datestyle deadlock_timeout default_statistics_target
  default_text_search_config default_toast_compression default_transaction_deferrable
  default_transaction_isolation default_transaction_read_only effective_cache_size effective_io_concurrency
  escape_string_warning extra_float_digits from_collapse_limit geqo hash_mem_multiplier
  idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit join_collapse_limit lc_messages
  lc_monetary lc_numeric lc_time lock_timeout maintenance_work_mem max_parallel_workers_per_gather
  parallel_setup_cost parallel_tuple_cost plan_cache_mode quote_all_identifiers random_page_cost
  restrict_nonsystem_relation_kind row_security
  seed seq_page_cost statement_timeout synchronize_seqscans synchronous_commit
  tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval temp_buffers timezone transaction
  transaction_deferrable transaction_isolation transaction_read_only transaction_timeout
  transform_null_equals work_mem xmlbinary xmloption`.split(/\s+/),
);
