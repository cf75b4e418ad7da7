import { safeFunctions, typeNames, unsafeFunctions } from "./builtins.ts";
import { identifier, objectName, relationName } from "./names.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import type { Reader } from "./reader.ts";
import type { SessionSettings } from "./settings.ts";

/** What a statement of definition names in this field, as targets of an action. `noun`: what kind of thing it is. */
export function objects(r: Reader, noun: string, n: Node, field: string): string[] {
  // RENAME names what is in no schema by its second name field.
  const value = n[field] ?? (n.renameType === undefined ? undefined : n.subname);
  if (value === undefined) return [];
  if (noun === "role") {
    return [...roles(value), ...roles(n.newrole)].map(
      (role) => `role ${role === "*" ? role : identifier(role)}`,
    );
  }
  if (n.targtype === "ACL_TARGET_ALL_IN_SCHEMA") {
    return list(value).map((schema) => `${parts(schema).map(identifier).join(".")}.*`);
  }
  const type = text(n.removeType ?? n.objtype ?? n.objectType ?? n.renameType);
  const word = type === undefined ? noun : wordFor(type);
  if (typeof value === "string") return [`${word} ${identifier(value)}`];
  const given = field === "objects" ? list(value).map((item) => parts(item)) : [parts(value)];
  // In DROP, COMMENT and ALTER the access method comes first.
  const names = byMethod.has(type ?? "") ? given.map(([, ...name]) => name) : given;
  return names.map((name) => {
    if (name.length === 0 || word === "cast") return word;
    if (word === "domconstraint")
      return objectName(n.subname === undefined ? name.slice(0, -1) : name, r.settings);
    if (inSchema.has(word)) return inSchemaOf(owner(word, name), word, lookedUp.has(field), r.settings);
    return `${word} ${name.map(identifier).join(".")}`;
  });
}

const byMethod: ReadonlySet<string> = new Set(["OBJECT_OPCLASS", "OBJECT_OPFAMILY"]);

function wordFor(type: string): string {
  if (type === "OBJECT_OPCLASS") return "operator class";
  if (type === "OBJECT_OPFAMILY") return "operator family";
  return type.replace("OBJECT_", "").toLowerCase().replaceAll("_", " ");
}

/** The same statement, about what a RENAME or SET SCHEMA makes of its object. A part of a table stays the table's. */
export function renamed(n: Node): Node {
  const { relation, object, subname, newname, newschema } = n;
  if (isNode(relation)) {
    if (newschema !== undefined) return { ...n, relation: { ...relation, schemaname: newschema } };
    return subname === undefined ? { ...n, relation: { ...relation, relname: newname } } : n;
  }
  if (object === undefined) return { ...n, subname: newname };
  if (subname !== undefined) return n;
  const [name = "", schema, ...method] = parts(object).reverse();
  const path =
    newschema !== undefined
      ? [
          ...(byMethod.has(text(n.objectType) ?? "") ? parts(object).slice(0, 1) : []),
          text(newschema) ?? "",
          name,
        ]
      : [...method, ...(schema === undefined ? [] : [schema]), text(newname) ?? ""];
  const items = path.map((sval) => ({ String: { sval } }));
  return { ...n, object: items.length === 1 ? items[0] : { List: { items } } };
}

/** Fields that name what is there already, and not what is being made. */
const lookedUp: ReadonlySet<string> = new Set(
  "object objects func opername opfamilyname dictname cfgname collname".split(" "),
);

/** A name without a schema is looked for among the server's own things first; what those are is known of some kinds. */
function inSchemaOf(
  name: readonly string[],
  word: string,
  existing: boolean,
  settings: SessionSettings,
): string {
  const last = name.at(-1) ?? "";
  if (!existing || name.length > 1) return objectName(name, settings);
  if (relations.has(word)) return relationName("", last, settings);
  const known = routines.has(word)
    ? safeFunctions.has(last) || unsafeFunctions.has(last)
    : word !== "type" && word !== "domain";
  return known || serverTypes.has(last) ? `*.${identifier(last)}` : objectName(name, settings);
}

/** A column, constraint, trigger, rule or policy is its table's. */
function owner(word: string, name: readonly string[]): readonly string[] {
  return partOfTable.has(word) ? name.slice(0, -1) : name;
}

const partOfTable = new Set(["column", "tabconstraint", "trigger", "rule", "policy"]);
const relations: ReadonlySet<string> = new Set([
  ...partOfTable,
  ..."table sequence view matview index".split(" "),
  "foreign table",
]);
const routines: ReadonlySet<string> = new Set("function procedure routine aggregate".split(" "));
const serverTypes: ReadonlySet<string> = new Set(typeNames.values());
const inSchema: ReadonlySet<string> = new Set([
  ...relations,
  ...routines,
  ..."type domain operator collation conversion statistics object dictionary".split(" "),
  "operator class",
  "operator family",
  "text search configuration",
  "statistic ext",
  "tsconfiguration",
  "tsdictionary",
  "tsparser",
  "tstemplate",
]);

function roles(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(roles);
  if (typeof value === "string") return [value];
  if (!isNode(value)) return [];
  const node = unwrap(value)?.node ?? value;
  const name = text(node.rolename) ?? text(node.priv_name);
  return name === undefined ? ["*"] : [name];
}
