import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";

/**
 * What the server may call a column that the text gives no name (parse_target.c, FigureColname), into `names`. `seen`: nodes
 * that are in it already; subqueries within subqueries would be read as often as they are deep else.
 */
export function namesOfServer(value: unknown, names: Set<string>, seen: Set<Node>): void {
  const { kind, node } = unwrap(value) ?? { kind: "", node: {} };
  if (kind === "" || seen.has(node)) return;
  seen.add(node);
  for (const name of ownNames(kind, node)) names.add(name);
  namesOfServer(kind === "ResTarget" ? node.val : node.arg, names, seen);
  namesOfServer(node.defresult, names, seen);
  namesOfServer(list(unwrap(node.subselect)?.node.targetList)[0], names, seen);
}

function ownNames(kind: string, node: Node): readonly string[] {
  const last = (name: unknown) => parts(name).slice(-1);
  if (kind === "ColumnRef") return last(node.fields);
  if (kind === "FuncCall") return last(node.funcname);
  if (kind === "TypeCast") return isNode(node.typeName) ? last(node.typeName.names) : [];
  if (kind === "A_Indirection") return last(node.indirection);
  const name = kind === "ResTarget" ? text(node.name) : undefined;
  return name === undefined ? wordsOfServer : [name];
}

const wordsOfServer =
  `array case coalesce exists greatest grouping json json_array json_arrayagg json_exists json_object
  json_objectagg json_query json_scalar json_serialize json_value least merge_action nullif row xmlconcat xmlelement
  xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize current_date current_time current_timestamp localtime
  localtimestamp current_role current_user session_user user system_user current_catalog current_schema`.split(
    /\s+/,
  );
