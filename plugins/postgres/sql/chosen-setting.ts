import { constant, isNode, list, type Node, parts, text, unwrap } from "./node.ts";

/** A setting, where it exists, and what it is set to. */
export interface ChosenSetting {
  readonly name: string;
  readonly value: string;
  /** The RangeVar of pg_settings. */
  readonly from: Node;
  /** The FuncCall of set_config. */
  readonly call: Node;
}

/** What a plain SELECT has, and nothing else. */
const members: ReadonlySet<string> = new Set([
  "targetList",
  "fromClause",
  "whereClause",
  "limitOption",
  "op",
]);

/**
 * `SELECT set_config(name, 'value', false) FROM pg_settings WHERE name = 'setting'`, as pg_dump and psql ask for a
 * setting that older servers have not: exactly that, or undefined. Any other computed name may be any setting.
 */
export function chosenSetting(select: Node): ChosenSetting | undefined {
  if (Object.keys(select).some((member) => !members.has(member)) || select.op !== "SETOP_NONE")
    return undefined;
  const [target, ...targets] = list(select.targetList).map((entry) => unwrap(entry)?.node ?? {});
  const [from, ...relations] = list(select.fromClause).map(unwrap);
  const called = unwrap(target?.val);
  const where = unwrap(select.whereClause);
  if (targets.length > 0 || relations.length > 0 || called?.kind !== "FuncCall") return undefined;
  if (from?.kind !== "RangeVar" || where?.kind !== "A_Expr" || where.node.kind !== "AEXPR_OP")
    return undefined;
  if (
    !isServers(parts(called.node.funcname), "set_config") ||
    !isServers(relationOf(from.node), "pg_settings")
  ) {
    return undefined;
  }
  const [setting, value, ...local] = list(called.node.args);
  const name = constant(where.node.rexpr);
  const given = constant(value);
  if (!isName(setting) || !isName(where.node.lexpr) || parts(where.node.name).join(".") !== "=")
    return undefined;
  if (local.length !== 1 || name === undefined || given === undefined) return undefined;
  return { name, value: given, from: from.node, call: called.node };
}

function relationOf({ schemaname, relname, alias }: Node): string[] {
  return alias === undefined ? [text(schemaname) ?? "", text(relname) ?? ""] : [];
}

function isServers(name: readonly string[], wanted: string): boolean {
  return name.at(-1) === wanted && ["", "pg_catalog"].includes(name.at(-2) ?? "");
}

/** The column `name`, by itself. */
function isName(value: unknown): boolean {
  const { kind, node } = unwrap(value) ?? {};
  return (
    kind === "ColumnRef" && isNode(node) && list(node.fields).length === 1 && parts(node.fields)[0] === "name"
  );
}
