import { isNode, list, parts, text, unwrap } from "./node.ts";

/** What the server may call a column that the text gives no name (parse_target.c, FigureColname). */
export function* namesOfServer(value: unknown): Generator<string> {
  const { kind, node } = unwrap(value) ?? { kind: "", node: {} };
  if (kind === "") return;
  const last = (name: unknown) => parts(name).slice(-1);
  if (kind === "ColumnRef") yield* last(node.fields);
  else if (kind === "FuncCall") yield* last(node.funcname);
  else if (kind === "TypeCast") yield* isNode(node.typeName) ? last(node.typeName.names) : [];
  else if (kind === "A_Indirection") yield* last(node.indirection);
  else if (kind === "ResTarget" && text(node.name) !== undefined) yield text(node.name) ?? "";
  else yield* wordsOfServer;
  yield* namesOfServer(kind === "ResTarget" ? node.val : node.arg);
  yield* namesOfServer(node.defresult);
  yield* namesOfServer(list(unwrap(node.subselect)?.node.targetList)[0]);
}

const wordsOfServer =
  `array case coalesce exists greatest grouping json json_array json_arrayagg json_exists json_object
  json_objectagg json_query json_scalar json_serialize json_value least merge_action nullif row xmlconcat xmlelement
  xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize current_date current_time current_timestamp localtime
  localtimestamp current_role current_user session_user user system_user current_catalog current_schema`.split(
    /\s+/,
  );
