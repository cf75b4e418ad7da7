import { leavingIn } from "./leaving.ts";
import { identifier, objectName } from "./names.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { objects, renamed } from "./objects.ts";
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
  CreateStatsStmt: ["statistics", "defnames"],
  AlterStatsStmt: ["statistics", "defnames"],
  RefreshMatViewStmt: ["view"],
  CreateTableSpaceStmt: ["tablespace", "tablespacename"],
  DropTableSpaceStmt: ["tablespace", "tablespacename"],
  AlterTableSpaceOptionsStmt: ["tablespace", "tablespacename"],
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
  CreateTransformStmt: ["transform", "lang"],
  AlterTSDictionaryStmt: ["dictionary", "dictname"],
  AlterTSConfigurationStmt: ["text search configuration", "cfgname"],
  CreateTrigStmt: ["trigger"],
  AlterObjectDependsStmt: ["object", "object"],
  CommentStmt: ["object", "object"],
  DropStmt: ["object", "objects"],
};

/** They make the server connect to another one. */
const connecting: typeof defined = {
  CreateForeignServerStmt: ["server", "servername"],
  AlterForeignServerStmt: ["server", "servername"],
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
    if (list(n.cmds).some((command) => cascades(unwrap(command)?.node ?? {}))) r.add("define", "*");
  },
  // What it is called afterwards is made, too.
  RenameStmt(r, n, s) {
    const effect = n.renameType === "OBJECT_ROLE" ? "grant" : "define";
    for (const each of [n, renamed(n)]) define(r, each, s, effect, ["object", "object"]);
    if (cascades(n)) r.add("define", "*");
  },
  AlterObjectSchemaStmt(r, n, s) {
    for (const each of [n, renamed(n)]) define(r, each, s, "define", ["object", "object"]);
  },
  // Inside it a name without a schema means what is in it, or else the same as outside.
  CreateSchemaStmt(r, n, s) {
    const name = n.schemaname ?? (isNode(n.authrole) ? n.authrole.rolename : undefined);
    if (name === undefined) r.add("define", "schema *");
    else define(r, { schemaname: name }, s, "define", ["schema", "schemaname"]);
    r.addAll(r.part((part) => part.visit(n.schemaElts, s), "changed").actions);
  },
  // A cast, or an operator, runs its function for who names neither.
  CreateCastStmt(r, n, s) {
    define(r, n, s, "define", ["cast"]);
    if (isNode(n.func)) r.call({ funcname: n.func.objname }, -1);
  },
  // An operator may be made for the sake of another one.
  DefineStmt(r, n, s) {
    define(r, n, s, "define", ["object", "defnames"]);
    if (n.kind !== "OBJECT_OPERATOR") return;
    for (const item of list(n.definition)) {
      const { defname, arg } = unwrap(item)?.node ?? {};
      if (defname === "commutator" || defname === "negator") {
        r.add("define", objectName(parts(arg), r.settings));
      }
      const run = defname === "function" || defname === "procedure" ? unwrap(arg)?.node.names : undefined;
      if (run !== undefined) r.call({ funcname: run }, -1);
    }
  },
  ImportForeignSchemaStmt(r, n, s) {
    for (const effect of ["define", "connect"] as const) define(r, n, s, effect, ["server", "server_name"]);
    r.add("define", `${identifier(text(n.local_schema) ?? "")}.*`);
  },
  ...Object.fromEntries(["ClusterStmt", "ReindexStmt", "VacuumStmt"].map((kind) => [kind, maintain])),
  // Whatever is in it, or belongs to them.
  AlterTableMoveAllStmt: (r) => r.add("define", "*"),
  DropOwnedStmt(r, n, s) {
    define(r, n, s, "grant", ["role", "roles"]);
    r.add("grant", "*");
    r.add("define", "*");
  },
  ReassignOwnedStmt(r, n, s) {
    define(r, n, s, "grant", ["role", "roles"]);
    r.add("grant", "*");
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
        // What goes along depends on the resource; a right that is withdrawn is one on the same thing.
        if (kind !== "GrantStmt" && cascades(n)) r.add("define", "*");
      },
    ]),
  );
}

/** Of one table, of what is in a schema, or of all there is. */
function maintain(r: Reader, n: Node, s: Scope): void {
  const part = r.part((reader) => reader.fields(n, s, "define"));
  if (!part.has("define")) {
    part.add("define", n.kind === "REINDEX_OBJECT_SCHEMA" ? `${identifier(text(n.name) ?? "")}.*` : "*");
  }
  r.addAll(part.actions);
}

function cascades(n: Node): boolean {
  return n.behavior === "DROP_CASCADE";
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
