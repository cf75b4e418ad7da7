import type { Column, Origin, Statement } from "../../../core/plugin.ts";
import type { Catalogue, TableFacts } from "../catalogue.ts";
import type { RowField } from "../wire/rows.ts";
import { typeNames } from "./builtins.ts";
import type { Shape, SqlStatement } from "./classify.ts";
import type { Lineage } from "./lineage.ts";
import type { Output } from "./output.ts";
import { type Refs, showsValues, systemColumns } from "./refs.ts";

/**
 * The columns of one result with the stored columns each may come from. `result`: which of the text's statements
 * it is the result of, from 0. A stored column's origins come from its table and column number, a computed one's
 * from the names in the text; what neither tells is `unknown`.
 */
export function columnsOf(
  fields: readonly RowField[],
  statement: Statement,
  catalogue: Catalogue,
  result = 0,
): readonly Column[] {
  const lineage = (statement.detail as Shape | undefined)?.lineage()?.[result];
  const outputs = lineage && placed(fields, lineage, catalogue);
  return fields.map((field, index) => ({
    name: field.name,
    type: typeNames.get(field.typeOid) ?? `oid ${field.typeOid}`,
    holdsText: holdsText(field),
    format: field.format,
    ...(field.tableOid === 0
      ? { origins: computed(index, fields.length, lineage, outputs, catalogue) }
      : { origins: stored(field, catalogue), plain: field.column > 0 }),
  }));
}

/** What the statement gives each field, where all of them fit what the server says of them. */
function placed(
  fields: readonly RowField[],
  lineage: Lineage,
  catalogue: Catalogue,
): readonly Output[] | undefined {
  if (fields.every(({ tableOid }) => tableOid !== 0)) return undefined;
  const outputs = lineage.outputs((name) => catalogue.named(name));
  if (outputs === undefined) return undefined;
  const many = outputs.filter((each) => each.many).length;
  const missing = fields.length - outputs.length;
  if (many > 1 || (many === 0 ? missing !== 0 : missing < 0)) return undefined;
  const all = outputs.flatMap((each) => (each.many ? Array<Output>(missing + 1).fill(each) : each));
  return all.every(({ name }, at) => name === undefined || name === fields[at]?.name) ? all : undefined;
}

/**
 * Loads what `columnsOf` will ask the catalogue for. undefined: nothing to wait for. Never rejects.
 */
export function loadFor(
  fields: readonly RowField[],
  statement: Statement,
  catalogue: Catalogue,
  result = 0,
): Promise<void> | undefined {
  const oids = fields.map(({ tableOid }) => tableOid).filter((oid) => oid !== 0 && !catalogue.table(oid));
  const lineage = (statement.detail as Shape | undefined)?.lineage()?.[result];
  const asks = fields.some(({ tableOid }) => tableOid === 0) && lineage !== undefined;
  const named = asks ? loadRelations(lineage.relations, statement as SqlStatement, catalogue) : undefined;
  if (oids.length === 0) return named;
  return Promise.all([catalogue.load(oids), named]).then(() => {});
}

/** Loads what names of relations mean, and what the statement's columns are under that. Never rejects. */
export function loadRelations(
  names: readonly string[],
  { detail }: Pick<SqlStatement, "detail">,
  catalogue: Catalogue,
): Promise<void> | undefined {
  const follow = () => detail.follow?.((name) => catalogue.named(name));
  const missing = names.filter((name) => catalogue.named(name) === undefined);
  return missing.length === 0 ? follow() : catalogue.loadNamed(missing).then(follow);
}

function stored({ tableOid, column }: RowField, catalogue: Catalogue): readonly Origin[] | "unknown" {
  const table = catalogue.table(tableOid);
  if (table === undefined || table.schema === "pg_toast") return "unknown";
  // System columns (ctid, xmin, tableoid) say nothing of what is stored; number 0 is the whole row.
  if (column < 0) return [];
  const columns = column === 0 ? [...table.columns.values()] : [table.columns.get(column)];
  return united(columns.map((facts) => (facts && !showsValues.has(facts.name) ? facts.origins : "unknown")));
}

function computed(
  index: number,
  fields: number,
  lineage: Lineage | undefined,
  outputs: readonly Output[] | undefined,
  catalogue: Catalogue,
): readonly Origin[] | "unknown" {
  const output = outputs?.[index];
  if (output !== undefined) return output.origins;
  const refs: Refs | undefined = lineage?.targets?.(index, fields) ?? lineage?.all;
  return lineage === undefined || refs === undefined ? "unknown" : originsOf(refs, lineage, catalogue);
}

/** What the names in a statement may stand for. */
export function originsOf(refs: Refs, lineage: Lineage, catalogue: Catalogue): readonly Origin[] | "unknown" {
  if (refs.opaque) return "unknown";
  if (refs.names.size === 0 && !refs.wholes) return [];
  const all = tablesOf(lineage, refs.wholes, catalogue);
  if (all === undefined) return "unknown";
  const origins = [...refs.names].map((name) => {
    const given = refs.attributes.has(name) ? false : lineage.aliases.has(name) || lineage.rows.has(name);
    return named(name, all, given);
  });
  const wholes = refs.wholes ? all.flatMap(({ columns }) => [...columns.values()]) : [];
  return united([...origins, ...wholes.map((column) => column.origins)]);
}

/** All that its relations may be. `each`: every column of each counts, so that each must be known. */
function tablesOf(
  { relations, queries }: Lineage,
  each: boolean,
  catalogue: Catalogue,
): readonly TableFacts[] | undefined {
  const tables: TableFacts[] = [];
  for (const name of relations) {
    const facts = catalogue.named(name);
    if (facts === undefined || (each && facts.length === 0 && !queries.has(name))) return undefined;
    tables.push(...facts);
  }
  return tables;
}

/**
 * A column that a text names, in whichever of its relations has one of that name. `given`: the text itself gives
 * the name to something, whose own columns are named too.
 */
function named(name: string, tables: readonly TableFacts[], given: boolean): readonly Origin[] | "unknown" {
  const found: (readonly Origin[] | "unknown")[] = [];
  for (const table of tables) {
    for (const column of table.columns.values()) if (column.name === name) found.push(column.origins);
  }
  if (found.length === 0 && !given && !systemColumns.has(name)) return "unknown";
  return united([...found, [{ column: name }]]);
}

function united(all: readonly (readonly Origin[] | "unknown")[]): readonly Origin[] | "unknown" {
  const origins: Origin[] = [];
  for (const some of all) {
    if (some === "unknown") return "unknown";
    origins.push(...some);
  }
  return origins;
}

const [text, unknown, name, bpchar, varchar] = [25, 705, 19, 1042, 1043];

/** Whether any text fits. char(n) and varchar(n) need room for one: their typmod is n + 4, or -1. */
function holdsText({ typeOid, typmod }: RowField): boolean {
  if (typeOid === bpchar || typeOid === varchar) return typmod < 0 || typmod >= 4 + 4;
  return typeOid === text || typeOid === unknown || typeOid === name;
}
