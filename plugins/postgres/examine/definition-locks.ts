import { isNode, list, type Node, parts, text, unwrap } from "../sql/node.ts";
import { relationsIn } from "../sql/reader.ts";
import { type LockMode, lockModes, stronger } from "./lock-modes.ts";
import type { Tree } from "./trees.ts";

/** A lock on the relation that this names: a RangeVar, or parts of a name. */
export type NamedLock = readonly [relation: Node, mode: LockMode];

/**
 * What a statement that defines or maintains something locks, by its kind (PostgreSQL's documentation, 13.3.1, and of
 * ALTER TABLE its own page). undefined: it is none of these. What is not told here is taken for ACCESS EXCLUSIVE.
 */
export function definitionLocks({ kind, node }: Tree): readonly NamedLock[] | undefined {
  return kinds[kind]?.(node);
}

const kinds: Readonly<Record<string, ((node: Node) => readonly NamedLock[]) | undefined>> = {
  __proto__: null as never,
  LockStmt: (n) => on(n.relations, lockModes[Number(n.mode) - 1] ?? "ACCESS EXCLUSIVE"),
  TruncateStmt: (n) => on(n.relations, "ACCESS EXCLUSIVE"),
  DropStmt: (n) => dropped(n),
  AlterTableStmt: (n) => altered(n),
  RenameStmt: (n) =>
    on(n.relation, n.renameType === "OBJECT_INDEX" ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE"),
  AlterObjectSchemaStmt: (n) => on(n.relation, "ACCESS EXCLUSIVE"),
  IndexStmt: (n) => on(n.relation, n.concurrent === true ? "SHARE UPDATE EXCLUSIVE" : "SHARE"),
  ReindexStmt: (n) => on(n.relation, reindexed(n)),
  VacuumStmt: (n) => on(n.rels, option(n.options, "full") ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE"),
  ClusterStmt: (n) => on(n.relation, "ACCESS EXCLUSIVE"),
  RefreshMatViewStmt: (n) => on(n.relation, n.concurrent === true ? "EXCLUSIVE" : "ACCESS EXCLUSIVE"),
  CommentStmt: (n) => on(named(n.object), "SHARE UPDATE EXCLUSIVE"),
  CreateStatsStmt: (n) => on(n.relations, "SHARE UPDATE EXCLUSIVE"),
  CreateTrigStmt: (n) => [
    ...on(n.relation, "SHARE ROW EXCLUSIVE"),
    ...on(n.constrrel, "SHARE ROW EXCLUSIVE"),
  ],
  RuleStmt: (n) => on(n.relation, "ACCESS EXCLUSIVE"),
  CreatePolicyStmt: (n) => on(n.table, "ACCESS EXCLUSIVE"),
  AlterPolicyStmt: (n) => on(n.table, "ACCESS EXCLUSIVE"),
  AlterSeqStmt: (n) => on(n.sequence, "SHARE ROW EXCLUSIVE"),
  CreateStmt: (n) => [
    ...referenced(n),
    ...on(n.inhRelations, "partbound" in n ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE"),
  ],
};

/** Those of ALTER TABLE that take less than ACCESS EXCLUSIVE (AlterTableGetLockLevel, tablecmds.c). */
const lesser: Readonly<Record<string, LockMode | undefined>> = {
  __proto__: null as never,
  AT_SetStatistics: "SHARE UPDATE EXCLUSIVE",
  AT_SetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ClusterOn: "SHARE UPDATE EXCLUSIVE",
  AT_DropCluster: "SHARE UPDATE EXCLUSIVE",
  AT_ValidateConstraint: "SHARE UPDATE EXCLUSIVE",
  AT_AttachPartition: "SHARE UPDATE EXCLUSIVE",
  AT_DetachPartitionFinalize: "SHARE UPDATE EXCLUSIVE",
  ...Object.fromEntries(
    ["Trig", "TrigAll", "TrigUser", "AlwaysTrig", "ReplicaTrig"].flatMap((what) => [
      [`AT_Enable${what}`, "SHARE ROW EXCLUSIVE" as const],
      [`AT_Disable${what}`, "SHARE ROW EXCLUSIVE" as const],
    ]),
  ),
};

function altered(n: Node): readonly NamedLock[] {
  const commands = list(n.cmds).map((command) => unwrap(command)?.node ?? {});
  const modes = commands.map((command): LockMode => {
    const subtype = text(command.subtype) ?? "";
    const def = isNode(command.def) ? command.def : {};
    if (subtype === "AT_SetRelOptions" || subtype === "AT_ResetRelOptions") return storage(def);
    if (subtype === "AT_AddConstraint") return isForeignKey(def) ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE";
    const concurrently = subtype === "AT_DetachPartition" && unwrap(def)?.node.concurrent === true;
    return concurrently ? "SHARE UPDATE EXCLUSIVE" : (lesser[subtype] ?? "ACCESS EXCLUSIVE");
  });
  const partitions = commands.flatMap(({ def }) => {
    const command = unwrap(def);
    if (command?.kind !== "PartitionCmd") return [];
    return on(
      command.node.name,
      command.node.concurrent === true ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE",
    );
  });
  return [
    ...on(n.relation, modes.reduce(stronger, "SHARE UPDATE EXCLUSIVE")),
    ...partitions,
    ...referenced(n),
  ];
}

/** Storage parameters that no running query looks at. */
function storage(options: Node): LockMode {
  const names = list(unwrap(options)?.node.items).map((item) => text(unwrap(item)?.node.defname) ?? "");
  const harmless =
    /^(fillfactor|autovacuum_\w+|parallel_workers|toast_tuple_target|n_distinct\w*|log_autovacuum_\w+|vacuum_\w+)$/;
  return names.every((name) => harmless.test(name)) ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
}

function isForeignKey(def: Node): boolean {
  return unwrap(def)?.node.contype === "CONSTR_FOREIGN";
}

/** Tables that a foreign key in it points to. */
function referenced(value: unknown): readonly NamedLock[] {
  if (Array.isArray(value)) return value.flatMap(referenced);
  if (!isNode(value)) return [];
  const own = isNode(value.pktable) ? on(value.pktable, "SHARE ROW EXCLUSIVE") : [];
  return [...own, ...Object.values(value).flatMap(referenced)];
}

/** What a DROP names, and of a trigger, rule or policy the table that it stands on. */
function dropped(n: Node): readonly NamedLock[] {
  const type = text(n.removeType) ?? "";
  const mode = n.concurrent === true ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
  const onTable = /^OBJECT_(TRIGGER|RULE|POLICY)$/.test(type);
  if (!onTable && !/^OBJECT_(TABLE|VIEW|MATVIEW|INDEX|SEQUENCE|FOREIGN_TABLE)$/.test(type)) return [];
  return list(n.objects).flatMap((object) => {
    const name = parts(object);
    return on(relation(onTable ? name.slice(0, -1) : name), mode);
  });
}

/** Its table others may read meanwhile; an index itself not. */
function reindexed(n: Node): LockMode {
  if (option(n.params, "concurrently")) return "SHARE UPDATE EXCLUSIVE";
  return n.kind === "REINDEX_OBJECT_INDEX" ? "ACCESS EXCLUSIVE" : "SHARE";
}

function named(object: unknown): Node | undefined {
  return relation(parts(object));
}

function relation(name: readonly string[]): Node | undefined {
  const [relname, schemaname] = [name.at(-1), name.at(-2)];
  if (relname === undefined) return undefined;
  return { relname, ...(schemaname === undefined ? {} : { schemaname }) };
}

function on(relations: unknown, mode: LockMode): readonly NamedLock[] {
  return [...relationsIn(relations)].map((each) => [each, mode] as const);
}

function option(options: unknown, name: string): boolean {
  return list(options).some((each) => text(unwrap(each)?.node.defname) === name);
}
