import { catalogueRelations } from "./builtins.ts";
import { type Node, text } from "./node.ts";

/** The relation of a RangeVar as SQL writes it, and as the catalogue is asked for it. */
export function relationOf(node: Node): string {
  const name = text(node.relname) ?? "";
  let schema = text(node.schemaname) ?? "";
  if (schema === "" && catalogueRelations.has(name)) schema = "pg_catalog";
  return schema === "" ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

export function quoted(part: string): string {
  return `"${part.replaceAll('"', '""')}"`;
}
