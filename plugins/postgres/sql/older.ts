import { isNode, list, parts } from "./node.ts";

/** What only a text with these words can be read in two ways by. */
const words = /system_user|json_object/i;

/**
 * Reads a tree of PostgreSQL 18's parser as servers before 16 may mean the same text: there `system_user` is a name like
 * any other, of a column say, and `json_object(…)` a call of whichever function of that name fits. Changes the tree.
 */
export function asOlder<Tree>(text: string, trees: Tree): Tree {
  if (words.test(text)) read(trees);
  return trees;
}

function read(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) read(item);
  if (!isNode(value)) return;
  if (isNode(value.FuncCall)) reread(value, value.FuncCall);
  for (const field in value) if (typeof value[field] === "object") read(value[field]);
}

/** `value` holds `call`. */
function reread(value: Record<string, unknown>, call: Record<string, unknown>): void {
  const [schema, name] = parts(call.funcname);
  if (schema !== "pg_catalog") return;
  if (name === "json_object") call.funcname = [list(call.funcname).at(-1)];
  if (name !== "system_user" || call.funcformat !== "COERCE_SQL_SYNTAX") return;
  delete value.FuncCall;
  value.ColumnRef = { fields: [{ String: { sval: name } }], location: call.location };
}
