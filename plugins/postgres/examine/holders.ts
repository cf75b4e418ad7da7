import type { Finding } from "../../../core/plugin.ts";
import type { Question, Row } from "../control.ts";
import type { Backend } from "./backends.ts";
import { qualified } from "./identifiers.ts";
import { conflictsOf, lockMode, lockName } from "./lock-modes.ts";
import type { RelationLock } from "./locks.ts";

/** Holders that are shown. */
const most = 20;

/** Partitions and children are locked with the table that is named. */
const query = `
with recursive asked as (
  select w.relation::pg_catalog.oid as oid, w.modes
  from pg_catalog.json_to_recordset($1::pg_catalog.json) as w (relation pg_catalog.int8, modes pg_catalog.text[])
  union
  select i.inhrelid, k.modes from asked k join pg_catalog.pg_inherits i on i.inhparent = k.oid
)
select l.pid, n.nspname, c.relname, l.mode, l.granted, a.application_name, a.usename, a.state,
  (pg_catalog.extract('epoch', a.xact_start) * 1000)::pg_catalog.int8, pg_catalog.shobj_description(a.usesysid, 'pg_authid')
from asked k
join pg_catalog.pg_locks l on l.locktype = 'relation' and l.relation = k.oid and l.mode = any (k.modes)
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
join pg_catalog.pg_class c on c.oid = k.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.pid is distinct from $2::pg_catalog.int4 and l.pid is distinct from pg_catalog.pg_backend_pid()
order by l.granted desc, a.xact_start nulls last, l.pid limit ${most}`;

/** Who holds or waits for locks that conflict with these. `own`: the process id of the session that asks; 0: not known. */
export function holdersQuestion(locks: readonly RelationLock[], own: number): Question {
  const asked = locks.map(({ relation, mode }) => ({
    relation: relation.oid,
    modes: conflictsOf(mode).map(lockName),
  }));
  return { text: query, parameters: [JSON.stringify(asked), String(own)] };
}

/** `whose`: in words. */
export function holderFindings(
  rows: readonly Row[],
  whose: (backend: Backend) => string,
): readonly Finding[] {
  const findings = rows.map((row): Finding => {
    const [pid, schema, name, mode, granted, application, role, state, since, comment] = row;
    const relation = qualified(schema ?? "", name ?? "");
    const who =
      pid == null
        ? "a prepared transaction"
        : whose({
            processId: Number(pid),
            application: application ?? "",
            role: role ?? "?",
            comment: comment ?? "",
          });
    const does = `${granted === "t" ? "holds" : "waits for"} ${lockMode(mode ?? "")}`;
    const how = [
      ...(state == null ? [] : [state]),
      ...(since == null ? [] : [`in a transaction since ${new Date(Number(since)).toISOString()}`]),
      ...(pid == null ? [] : [`process ${pid}`]),
    ];
    const value = `${relation}: ${who} ${does}${how.length === 0 ? "" : ` (${how.join(", ")})`}`;
    return { label: "lock holder", value, severity: "warning" };
  });
  if (rows.length < most) return findings;
  return [
    ...findings,
    { label: "lock holder", value: `only the first ${most} are shown`, severity: "warning" },
  ];
}
