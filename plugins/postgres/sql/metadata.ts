import { harmless } from "./settings.ts";

/**
 * Functions of the server's own that show what a relation of its catalogue shows, which is what they count as a `read` of.
 * Those that only tell of names, rights, sizes and counts are not here: nobody needs a right for them.
 */
const relations: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pg_proc: `pg_get_functiondef pg_get_function_arg_default pg_get_function_arguments pg_get_function_sqlbody`,
    pg_rewrite: "pg_get_viewdef pg_get_ruledef",
    pg_constraint: "pg_get_constraintdef",
    pg_trigger: "pg_get_triggerdef",
    pg_index: "pg_get_indexdef",
    pg_class: "pg_get_partition_constraintdef",
    pg_partitioned_table: "pg_get_partkeydef",
    pg_statistic_ext:
      "pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions",
    pg_description: "col_description obj_description",
    pg_shdescription: "shobj_description",
    pg_settings: "pg_show_all_settings",
    pg_config: "pg_config",
    pg_replication_slots: "pg_get_replication_slots",
    pg_stat_activity: `pg_stat_get_backend_activity_start pg_stat_get_backend_client_addr pg_stat_get_backend_client_port
      pg_stat_get_backend_dbid pg_stat_get_backend_idset pg_stat_get_backend_pid pg_stat_get_backend_start
      pg_stat_get_backend_userid pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type
      pg_stat_get_backend_xact_start pg_stat_get_progress_info`,
    pg_stat_replication: "pg_stat_get_wal_senders",
    pg_stat_subscription: "pg_stat_get_subscription",
    pg_stat_wal_receiver: "pg_stat_get_wal_receiver",
  }).flatMap(([relation, functions]) =>
    functions.split(/\s+/).map((name): [string, string] => [name, `pg_catalog.${relation}`]),
  ),
);

/** Settings that tell nobody more than that the server is there. */
const plain: ReadonlySet<string> = new Set(
  `block_size client_encoding in_hot_standby integer_datetimes is_superuser lc_collate lc_ctype max_connections
  max_function_args max_identifier_length max_index_keys search_path segment_size server_encoding server_version
  server_version_num standard_conforming_strings wal_block_size`.split(/\s+/),
);

/**
 * Hold what roles prove themselves by, or passwords for other servers: whoever reads them can be somebody else, past the
 * gateway too.
 */
export const secretRelations: ReadonlySet<string> = new Set([
  "pg_catalog.pg_authid",
  "pg_catalog.pg_file_settings",
  "pg_catalog.pg_hba_file_rules",
  "pg_catalog.pg_shadow",
  "pg_catalog.pg_subscription",
  "pg_catalog.pg_user_mapping",
  "pg_catalog.pg_user_mappings",
  "information_schema._pg_user_mappings",
  "information_schema.user_mapping_options",
]);

/** The same of settings, as PostgreSQL shows them to its superusers only. */
const secretSettings: ReadonlySet<string> = new Set([
  "setting primary_conninfo",
  "setting ssl_passphrase_command",
]);

/**
 * What a call of one of the server's own functions reads besides its arguments; undefined: nothing that needs a right.
 * `argument`: its first, where the text tells it.
 */
export function shownBy(name: string, argument: string | undefined): string | undefined {
  if (name !== "current_setting") return relations.get(name);
  const setting = argument?.toLowerCase();
  if (setting !== undefined && (plain.has(setting) || harmless.has(setting))) return undefined;
  return `setting ${setting ?? "*"}`;
}

/** `on`: the target of its action. */
export function isSecretSetting(on: string): boolean {
  return secretSettings.has(on);
}
