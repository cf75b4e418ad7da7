import type { Action, Effect } from "../../core/plugin.ts";
import { identifier } from "../../plugins/postgres/sql/names.ts";
import type { Fact } from "./facts.ts";

type Change = Extract<Fact, { tables: unknown }>;

/** Whether an action with one of these effects is on the object, or on the table that it is a part of. */
export function isCovered(
  fact: Change,
  text: string,
  actions: readonly Action[],
  effects: readonly Effect[],
): boolean {
  if (ownWork.some((isOwn) => isOwn(fact, text))) return true;
  const targets = new Set(["*", ...targetsOf(fact)]);
  return actions.some(({ effect, on }) => effects.includes(effect) && (targets.has(on) || isPart(fact, on)));
}

/** What the server makes, changes and drops for itself along with what a statement is about. */
const ownWork: readonly ((fact: Change, text: string) => boolean)[] = [
  // The long values of a table, and the session's own schema for temporary ones.
  ({ path: [first = ""], type }) => /^pg_toast/.test(first) || (type === "schema" && first === "pg_temp"),
  // Temporary tables go by themselves.
  ({ path: [first = ""] }, text) => /^pg_temp\b/.test(first) && /^\s*(commit|end|discard)\b/i.test(text),
  // What takes a table's or an index's place while it is written anew.
  ({ path: [, name = ""], tables }) =>
    [name, ...tables.map(([, table]) => table)].some((each) => /^pg_temp_\d+|_cc(new|old)\d*$/.test(each)),
  // A foreign key's part on the table that it refers to, and its copies for partitions.
  ({ type, path }) => type === "trigger" && /^RI_ConstraintTrigger/.test(path.at(-1) ?? ""),
  ({ type, path }, text) =>
    type === "table constraint" && /_\d+$|_fkey\d*$/.test(path.at(-1) ?? "") && /\bpartition\b/i.test(text),
  // What hangs on a column's type or expression is made anew, as it was, with another one.
  (_, text) =>
    /alter\s+(column\s+|attribute\s+)?\S+\s+(set\s+data\s+type|type|set\s+expression)\b/i.test(text),
  // A range's multirange, functions and casts; the array of a type, which makes room for who wants its name.
  ({ type }, text) =>
    /^(function|cast|type)$/.test(type) &&
    /^\s*(create|drop)\s+(type|domain)\b/i.test(text) &&
    !/cascade/i.test(text),
  ({ type, path }) => type === "type" && (path[0] ?? "").endsWith("[]"),
  // A test that allows itself to change the system.
  ({ path }) => /^(pg_catalog\.)?(old|new)_system_table/.test(path[1] ?? path[0] ?? ""),
  // A name that nobody has defined yet, for the sake of its input function.
  ({ what, type }, text) => what === "made" && type === "type" && /^\s*create\s+function\b/i.test(text),
  // An identity column's or a serial's sequence, while it has no owner.
  ({ type, path }) => type === "sequence" && /_seq\d*$/.test(path[1] ?? ""),
  // An operator class whose function goes; a domain over a type that gets other functions.
  ({ what, type }) => what === "dropped" && type.endsWith("of access method"),
  ({ what, type }, text) =>
    what === "changed" && type === "type" && /^\s*alter\s+type\b.*\bset\b/is.test(text),
];

function targetsOf({ type, path, tables }: Change): string[] {
  const named = nameIn(type, path);
  // A key's index is called like its constraint.
  const index = type === "table constraint" ? [[path[0] ?? "", path[2] ?? ""] as const] : [];
  return [...tables, ...index, ...(named ? [named] : [])].flatMap(([schema, name]) => {
    const bare = identifier(name.replace(/(\[\])+$/, ""));
    const own = schema === "pg_temp" ? [`public.${bare}`] : [];
    return [`${identifier(schema)}.${bare}`, `${identifier(schema)}.*`, `*.${bare}`, ...own];
  });
}

/** Types are one part (`public.mood[]`); of an operator class the first is its access method. */
function nameIn(type: string, path: readonly string[]): readonly [string, string] | undefined {
  if (/access method$|^operator (class|family)$/.test(type) && path.length > 2) {
    return [path[1] ?? "", path[2] ?? ""];
  }
  const parts = path.length > 1 ? path : partsOf(path[0] ?? "");
  return parts.length > 1 ? [parts[0] ?? "", parts[1] ?? ""] : undefined;
}

function partsOf(written: string): string[] {
  return [...written.matchAll(/"((?:[^"]|"")*)"|([^.]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}

/** What has no schema is named by what it is: `role r`. A few kinds of things are named by that alone. */
function isPart({ type, path }: Change, on: string): boolean {
  if (type === "cast" || type === "default acl")
    return on === (type === "cast" ? type : "default privileges");
  if (type === "transform") return on.startsWith("transform ");
  if (type === "user mapping") return on.startsWith("server ");
  if (on === `${type} *`) return true;
  return path.length === 1 && on.endsWith(` ${identifier(path[0] ?? "")}`);
}
