import { leavingIn } from "./leaving.ts";
import { identifier, objectName } from "./names.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { emptyScope, type Reader, type Scope } from "./reader.ts";
import type { StatementKind } from "./statements.ts";

/** Statements that change the schema, the server or who may do what. */

/** What it is called, and the field that holds its name where that is not a relation. */
const defined: Readonly<Record<string, readonly [noun: string, field?: string]>> = {
  CreateStmt: ["table"],
  CreateForeignTableStmt: ["table"],
  IndexStmt: ["index"],
  ViewStmt: ["view"],
  RuleStmt: ["rule"],
  CreateSeqStmt: ["sequence"],
  AlterSeqStmt: ["sequence"],
  ReplicaIdentityStmt: ["table"],
  CreateStatsStmt: ["statistics"],
  AlterStatsStmt: ["statistics", "defnames"],
  ClusterStmt: ["database"],
  RefreshMatViewStmt: ["view"],
  ReindexStmt: ["index"],
  VacuumStmt: ["database"],
  CreateSchemaStmt: ["schema", "schemaname"],
  CreateTableSpaceStmt: ["tablespace", "tablespacename"],
  DropTableSpaceStmt: ["tablespace", "tablespacename"],
  AlterTableSpaceOptionsStmt: ["tablespace", "tablespacename"],
  AlterTableMoveAllStmt: ["tablespace", "orig_tablespacename"],
  CreateExtensionStmt: ["extension", "extname"],
  AlterExtensionStmt: ["extension", "extname"],
  AlterExtensionContentsStmt: ["extension", "extname"],
  CreateFdwStmt: ["wrapper", "fdwname"],
  AlterFdwStmt: ["wrapper", "fdwname"],
  CreateAmStmt: ["access method", "amname"],
  CreateEventTrigStmt: ["event trigger", "trigname"],
  AlterEventTrigStmt: ["event trigger", "trigname"],
  CreatePLangStmt: ["language", "plname"],
  CreatePublicationStmt: ["publication", "pubname"],
  AlterPublicationStmt: ["publication", "pubname"],
  CreatedbStmt: ["database", "dbname"],
  DropdbStmt: ["database", "dbname"],
  AlterDatabaseStmt: ["database", "dbname"],
  AlterDatabaseRefreshCollStmt: ["database", "dbname"],
  AlterDatabaseSetStmt: ["database", "dbname"],
  DefineStmt: ["object", "defnames"],
  CreateDomainStmt: ["type", "domainname"],
  AlterDomainStmt: ["type", "typeName"],
  CompositeTypeStmt: ["type"],
  CreateEnumStmt: ["type", "typeName"],
  CreateRangeStmt: ["type", "typeName"],
  AlterEnumStmt: ["type", "typeName"],
  AlterTypeStmt: ["type", "typeName"],
  AlterCollationStmt: ["collation", "collname"],
  CreateOpClassStmt: ["operator class", "opclassname"],
  CreateOpFamilyStmt: ["operator family", "opfamilyname"],
  AlterOpFamilyStmt: ["operator family", "opfamilyname"],
  AlterOperatorStmt: ["operator", "opername"],
  CreateConversionStmt: ["conversion", "conversion_name"],
  CreateCastStmt: ["cast"],
  CreateTransformStmt: ["transform", "lang"],
  AlterTSDictionaryStmt: ["dictionary", "dictname"],
  AlterTSConfigurationStmt: ["text search configuration", "cfgname"],
  CreateTrigStmt: ["trigger"],
  AlterObjectDependsStmt: ["object", "object"],
  CommentStmt: ["object", "object"],
  DropStmt: ["object", "objects"],
  RenameStmt: ["object", "object"],
  AlterObjectSchemaStmt: ["object", "object"],
};

/** They make the server connect to another one. */
const connecting: typeof defined = {
  CreateForeignServerStmt: ["server", "servername"],
  AlterForeignServerStmt: ["server", "servername"],
  ImportForeignSchemaStmt: ["server", "server_name"],
  CreateUserMappingStmt: ["server", "servername"],
  AlterUserMappingStmt: ["server", "servername"],
  DropUserMappingStmt: ["server", "servername"],
  CreateSubscriptionStmt: ["subscription", "subname"],
  AlterSubscriptionStmt: ["subscription", "subname"],
  DropSubscriptionStmt: ["subscription", "subname"],
};

/** Who may do what. Row security and ownership are that too. */
const granting: typeof defined = {
  GrantRoleStmt: ["role", "granted_roles"],
  AlterDefaultPrivilegesStmt: ["default privileges"],
  CreateRoleStmt: ["role", "role"],
  AlterRoleStmt: ["role", "role"],
  AlterRoleSetStmt: ["role", "role"],
  DropRoleStmt: ["role", "roles"],
  ReassignOwnedStmt: ["role", "roles"],
  DropOwnedStmt: ["role", "roles"],
  SecLabelStmt: ["object", "object"],
  GrantStmt: ["object", "objects"],
};
const both: typeof defined = {
  CreatePolicyStmt: ["policy"],
  AlterPolicyStmt: ["policy"],
  AlterOwnerStmt: ["object", "object"],
};

/** What of ALTER TABLE is about rights. */
const rights = /^AT_(ChangeOwner|(En|Dis)ableRowSecurity|(No)?ForceRowSecurity|GenericOptions)$/;

export const definitions: Record<string, StatementKind> = {
  ...each(defined, ["define"]),
  ...each(connecting, ["define", "connect"]),
  ...each(granting, ["grant"]),
  ...each(both, ["define", "grant"]),
  AlterTableStmt(r, n, s) {
    define(r, n, s, "define", ["table"]);
    const commands = list(n.cmds).map((command) => text(unwrap(command)?.node.subtype) ?? "");
    if (isNode(n.relation) && commands.some((command) => rights.test(command))) {
      r.relation(n.relation, emptyScope, "grant");
    }
  },
  CreateFunctionStmt(r, n, s) {
    r.add("define", objectName(parts(n.funcname), r.settings), ...leavingIn(n.options));
    for (const field of ["parameters", "returnType", "options", "sql_body"]) r.visit(n[field], s);
  },
  AlterFunctionStmt(r, n, s) {
    const name = ["function", "func"] as const;
    define(r, n, s, "define", name);
    const traits = leavingIn(n.actions);
    if (traits.length > 0) for (const on of objects(r, name[0], n, name[1])) r.add("define", on, ...traits);
  },
  CreateTableAsStmt(r, n, s) {
    r.into(n.into, s);
    r.visit(n.query, s);
  },
};

function each(kinds: typeof defined, effects: readonly ("define" | "grant" | "connect")[]) {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, name]): [string, StatementKind] => [
      kind,
      (r, n, s) => {
        for (const effect of effects) define(r, n, s, effect, name);
      },
    ]),
  );
}

/** Every relation that is named in it, the object that it names, or at least what kind of thing it is. */
function define(
  r: Reader,
  n: Node,
  scope: Scope,
  effect: "define" | "grant" | "connect",
  [noun, field]: readonly [string, string?],
): void {
  const { funcname: _, ...rest } = n;
  const part = r.part((reader) => {
    reader.fields(rest, scope, effect);
    if (field !== undefined) for (const on of objects(reader, noun, n, field)) reader.add(effect, on);
  });
  if (!part.has(effect)) part.add(effect, noun);
  r.addAll(part.actions);
}

function objects(r: Reader, noun: string, n: Node, field: string): string[] {
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
  const word = type === undefined ? noun : type.replace("OBJECT_", "").toLowerCase().replaceAll("_", " ");
  if (typeof value === "string") return [`${word} ${identifier(value)}`];
  const names = field === "objects" ? list(value).map((item) => parts(item)) : [parts(value)];
  return names.map((name) => {
    if (name.length === 0 || word === "cast") return word;
    if (inSchema.has(word)) return objectName(owner(word, name), r.settings);
    return `${word} ${name.map(identifier).join(".")}`;
  });
}

/** A column, constraint, trigger, rule or policy is its table's. */
function owner(word: string, name: readonly string[]): readonly string[] {
  return partOfTable.has(word) ? name.slice(0, -1) : name;
}

const partOfTable = new Set(["column", "tabconstraint", "trigger", "rule", "policy"]);
const inSchema = new Set([
  ...partOfTable,
  ..."table sequence view matview index foreign_table function procedure routine aggregate type domain".split(
    " ",
  ),
  "foreign table",
  "operator",
  "collation",
  "conversion",
  "statistics",
  "object",
  "dictionary",
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
