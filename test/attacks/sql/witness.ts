import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { query, RawClient } from "../../raw.ts";
import { type AttackDoor, bystander, type World, worlds } from "./door.ts";
import { StatementLog } from "./log.ts";

/** What the server itself says that has happened. */
export interface Seen {
  /** Rows and messages that logical decoding shows, by relation: `public.orders INSERT`. */
  readonly changes: readonly string[];
  /** Parts of the catalogue, the settings and the files that are not what they were. */
  readonly differs: readonly string[];
  /** Statements that callers' sessions ran. */
  readonly ran: readonly string[];
}

/** Of these the versions of all rows count. What the server changes by itself is left out. */
const catalogues =
  `pg_proc pg_authid pg_auth_members pg_db_role_setting pg_namespace pg_type pg_operator pg_cast
  pg_aggregate pg_opclass pg_opfamily pg_amop pg_amproc pg_language pg_largeobject_metadata pg_largeobject pg_rewrite
  pg_trigger pg_event_trigger pg_description pg_shdescription pg_seclabel pg_shseclabel pg_enum pg_extension
  pg_foreign_data_wrapper pg_foreign_server pg_user_mapping pg_foreign_table pg_policy pg_constraint pg_attrdef pg_index
  pg_attribute pg_inherits pg_default_acl pg_init_privs pg_publication pg_publication_rel pg_publication_namespace
  pg_subscription pg_collation pg_conversion pg_ts_config pg_ts_dict pg_ts_parser pg_ts_template pg_statistic_ext
  pg_statistic_ext_data pg_statistic pg_range pg_transform pg_tablespace pg_parameter_acl pg_sequence
  pg_replication_origin pg_depend pg_shdepend`.split(/\s+/);

/** Further state, each a query of rows, of which every value counts. */
const further: Readonly<Record<string, string>> = {
  relations: "select * from pg_class",
  databases: "select * from pg_database",
  sequences: "select * from pg_sequences",
  settings:
    "select name, setting, reset_val from pg_settings where name not like 'transaction_%' and name <> 'application_name'",
  "configuration was loaded": "select pg_conf_load_time()",
  "advisory locks": "select objid from pg_locks where locktype = 'advisory'",
  "replication slots": "select slot_name, plugin, temporary from pg_replication_slots",
  "prepared transactions": "select gid from pg_prepared_xacts",
  "statistics were reset":
    "select stats_reset from pg_stat_database where datname in ('shop', 'twin', 'trap')",
  "restore points, wal switches": "select timeline_id from pg_control_checkpoint()",
  "other backends": `select application_name from pg_stat_activity where application_name = '${bystander.name}'`,
};

const snapshotQuery = [
  ...catalogues.map((name) => `select '${name}', count(*) || ' ' || sum(xmin::text::bigint) from ${name}`),
  ...Object.entries(further).map(([name, text]) => part(name, text)),
].join(" union all ");

function part(name: string, rows: string): string {
  return `select '${name}', coalesce(md5(string_agg(r::text, chr(10) order by r::text)), '') from (${rows}) r`;
}

/** Folders of the data folder that the server writes to for itself. */
const own = new Set(
  `base global log pg_wal pg_xact pg_multixact pg_subtrans pg_stat pg_stat_tmp pg_logical pg_replslot pg_notify
  pg_commit_ts pg_dynshmem pg_serial pg_snapshots postmaster.pid postmaster.opts`.split(/\s+/),
);

/** The witness' own connections, past the gateway, and that of a session that has nothing to do with all this. */
interface Ends extends Record<World, pg.Client> {
  readonly bystander: RawClient;
}

async function endsOf({ server }: AttackDoor): Promise<Ends> {
  const connect = async (database: World) => {
    const client = new pg.Client({
      ...{ host: server.folder, port: server.port, user: "postgres" },
      ...{ database, application_name: "witness" },
    });
    await client.connect();
    await client.query(`select pg_create_logical_replication_slot('witness_${database}', 'test_decoding')`);
    return client;
  };
  const other = await RawClient.trusted(join(server.folder, `.s.PGSQL.${server.port}`), "postgres", "shop");
  other.send(query(`set application_name = '${bystander.name}'`), query(bystander.text));
  await other.until("D");
  const clients = { shop: await connect("shop"), twin: await connect("twin"), trap: await connect("trap") };
  return { ...clients, bystander: other };
}

export class Witness {
  readonly #door: AttackDoor;
  readonly #log: StatementLog;
  #ends: Ends;
  #before: ReadonlyMap<string, string> = new Map();

  private constructor(door: AttackDoor, log: StatementLog, ends: Ends) {
    this.#door = door;
    this.#log = log;
    this.#ends = ends;
  }

  static async of(door: AttackDoor): Promise<Witness> {
    const witness = new Witness(door, new StatementLog(door.server.log), await endsOf(door));
    await witness.seen();
    return witness;
  }

  /** Makes the databases what they were, whatever was done to them. No caller may be connected. */
  async restore(): Promise<void> {
    await this.close();
    await this.#door.restore();
    this.#ends = await endsOf(this.#door);
    this.#before = new Map();
    await this.seen();
  }

  /** What has happened since the last call. Callers' sessions must be idle or over. */
  async seen(): Promise<Seen> {
    const after = await this.#snapshot();
    const before = this.#before;
    this.#before = after;
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return {
      changes: (await Promise.all(worlds.map((world) => this.#changes(world)))).flat(),
      differs: names.filter((name) => before.size > 0 && before.get(name) !== after.get(name)),
      ran: this.#log.ran(),
    };
  }

  async close(): Promise<void> {
    this.#ends.bystander.close();
    for (const world of worlds) {
      await this.#ends[world].query(`select pg_drop_replication_slot('witness_${world}')`);
      await this.#ends[world].end();
    }
  }

  async #changes(world: World): Promise<string[]> {
    const { rows } = await this.#ends[world].query<{ data: string }>(
      `select data from pg_logical_slot_get_changes('witness_${world}', null, null, 'skip-empty-xacts', '1', 'include-xids', '0')`,
    );
    const shown = rows.map(({ data }) => data).filter((data) => !/^(BEGIN|COMMIT)/.test(data));
    return shown.map((data) => /^table ([^:]+): (\w+)/.exec(data)?.slice(1).join(" ") ?? data.slice(0, 80));
  }

  async #snapshot(): Promise<Map<string, string>> {
    const all = new Map<string, string>();
    for (const world of worlds) {
      const { rows } = await this.#ends[world].query<string[]>({ text: snapshotQuery, rowMode: "array" });
      for (const [name = "", hash = ""] of rows) all.set(`${world} ${name}`, hash);
    }
    const data = join(this.#door.server.folder, "data");
    for (const file of readdirSync(data))
      if (!own.has(file)) all.set(`file ${file}`, stateOf(join(data, file)));
    for (const file of readdirSync(this.#door.loot))
      all.set(`loot ${file}`, stateOf(join(this.#door.loot, file)));
    return all;
  }
}

function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile()
    ? Bun.hash(readFileSync(path)).toString()
    : stat?.isDirectory()
      ? readdirSync(path).join()
      : "";
}
