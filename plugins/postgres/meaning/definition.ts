import { Mentioned, type NameMention } from "../sql/mentions.ts";
import { list, type Node, text, unwrap } from "../sql/node.ts";
import { parseDefinition } from "../sql/parse.ts";
import { emptyScope, Reader } from "../sql/reader.ts";
import { defaultSettings } from "../sql/settings.ts";
import type { Definition } from "./things.ts";

const untold: Definition = { actions: [{ effect: "unknown", on: "*" }], mentions: new Mentioned() };

/** A view's query, as pg_get_viewdef writes it. */
export function queryDefinition(source: string): Definition {
  return read(source, (reader, { kind, node }) => reader.statement(kind, node, emptyScope));
}

/** A default, a check, a condition of row security, as pg_get_expr writes them. */
export function expressionDefinition(source: string): Definition {
  return queryDefinition(`select ${source}`);
}

/** What a rule does beside or instead of the statement that it is for, as pg_get_ruledef writes it. */
export function ruleDefinition(source: string): Definition {
  return read(source, (reader, { node }) => {
    for (const action of list(node.actions)) reader.visit(action, emptyScope);
    reader.visit(node.whereClause, emptyScope);
  });
}

/** The one relation that a view's query selects from: what a write through the view goes to. */
export function baseOf(source: string): NameMention | undefined {
  try {
    const from = list(parseDefinition(source)[0]?.node.fromClause);
    const base = from.length === 1 ? unwrap(from[0]) : undefined;
    if (base?.kind !== "RangeVar") return undefined;
    return { schema: text(base.node.schemaname) ?? "", name: text(base.node.relname) ?? "" };
  } catch {
    return undefined;
  }
}

function read(
  source: string,
  each: (reader: Reader, statement: { kind: string; node: Node }) => void,
): Definition {
  try {
    const reader = new Reader(defaultSettings);
    for (const statement of parseDefinition(source)) each(reader, statement);
    return { actions: reader.actions, mentions: reader.mentions };
  } catch {
    return untold;
  }
}
