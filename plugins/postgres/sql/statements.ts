import { nothing } from "../../../core/plugin.ts";
import { chosenSetting } from "./chosen-setting.ts";
import { definitions } from "./definitions.ts";
import { leavingIn } from "./leaving.ts";
import { identifier } from "./names.ts";
import { constant, isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { emptyScope, type Reader, relationsIn, type Scope } from "./reader.ts";
import { unlockingIn } from "./unlocking.ts";

/** How a kind of statement reads. Kinds that are not here are `unknown`. */
export type StatementKind = (reader: Reader, node: Node, scope: Scope) => void;

const manipulation: Record<string, StatementKind> = {
  SelectStmt(r, n, s) {
    const chosen = s.has("pg_settings") ? undefined : chosenSetting(n);
    if (chosen === undefined) return r.fields(n, s, "read");
    r.relation(chosen.from, s, "read");
    r.mentions.call(parts(chosen.call.funcname), "pg_catalog.set_config", 3);
    r.setting(chosen.name, [chosen.value]);
  },
  ReturnStmt: (r, n, s) => r.fields(n, s, "read"),
  InsertStmt(r, n, s) {
    const conflict = isNode(n.onConflictClause) ? n.onConflictClause : {};
    const updates = conflict.action === "ONCONFLICT_UPDATE";
    // Which conflict counts: whether such a row is there shows in how many were inserted.
    modify(r, n, s, updates ? ["insert", "update"] : ["insert"], updates || "infer" in conflict);
  },
  // Also without a condition: the server shows the row where a constraint fails.
  UpdateStmt: (r, n, s) => modify(r, n, s, ["update"], true),
  DeleteStmt: (r, n, s) => modify(r, n, s, ["delete"], true),
  MergeStmt(r, n, s) {
    const commands = list(n.mergeWhenClauses).map(
      (when) => merged[text(unwrap(when)?.node.commandType) ?? ""],
    );
    modify(
      r,
      n,
      s,
      commands.flatMap((command) => command ?? []),
      true,
    );
  },
  TruncateStmt(r, n) {
    for (const rel of relationsIn(n.relations)) {
      r.relation(rel, emptyScope, "delete", ...(n.behavior === "DROP_CASCADE" ? ["truncate" as const] : []));
    }
  },
  CopyStmt(r, n, s) {
    const from = n.is_from === true;
    r.fields(n, s, from ? "write" : "read", "whereClause");
    r.visit(n.whereClause, s);
    if (n.is_program === true) r.add("execute", "copy program", "program");
    else if ("filename" in n) r.add("execute", "copy file", "file");
    else if (from) r.copyIn = true;
    else r.copyOut = true;
  },
  LockStmt(r, n) {
    for (const rel of relationsIn(n.relations)) {
      r.relation(rel, emptyScope, "read");
      if (n.mode !== 1) r.add("write", r.nameOf(rel), "lock");
    }
  },
  CallStmt(r, n, s) {
    const call = n.funccall;
    if (!isNode(call)) return r.add("unknown", "*");
    r.add("execute", r.functionOf(call));
    r.fields(call, s, "read");
  },
  DoStmt(r, n) {
    r.add("execute", "do block", ...leavingIn(n.args));
    r.add("unknown", "*");
  },
};

const sessions: Record<string, StatementKind> = {
  TransactionStmt(r, n) {
    if (/PREPARED?$/.test(text(n.kind) ?? "")) r.add("execute", "prepared transaction");
    const traits = unlockingIn(n.options);
    if (traits.length > 0) r.add("read", nothing, ...traits);
  },
  ConstraintsSetStmt: () => {},
  DiscardStmt(r, n) {
    r.turned = true;
    if (n.target === undefined || n.target === "DISCARD_ALL") {
      r.uses.push({ verb: "deallocate" }, { verb: "close" });
    }
  },
  VariableShowStmt: (r, n) => r.reads(`setting ${text(n.name)?.toLowerCase()}`),
  VariableSetStmt(r, n) {
    const kind = text(n.kind);
    const name = text(n.name);
    if (kind === "VAR_RESET_ALL") return r.add("read", "setting *");
    if (kind === "VAR_SET_MULTI") return r.add("read", "setting transaction", ...unlockingIn(n.args));
    const values = list(n.args).map(constant);
    const told = kind !== "VAR_SET_CURRENT" && values.every((value) => value !== undefined);
    r.setting(name, told ? values : undefined);
  },
  PrepareStmt(r, n, s) {
    const { actions } = r.part((part) => part.visit(n.query, s));
    r.addAll(actions);
    r.uses.push({ verb: "prepare", name: text(n.name) ?? "", actions });
  },
  ExecuteStmt(r, n, s) {
    const name = text(n.name) ?? "";
    r.visit(n.params, s);
    r.add("unknown", `prepared ${identifier(name)}`);
    r.uses.push({ verb: "execute", name });
  },
  DeallocateStmt(r, n) {
    const name = text(n.name);
    r.uses.push(name === undefined ? { verb: "deallocate" } : { verb: "deallocate", name });
  },
  DeclareCursorStmt(r, n, s) {
    const { actions } = r.part((part) => part.visit(n.query, s));
    r.addAll(actions);
    r.uses.push({ verb: "declare", name: text(n.portalname) ?? "", actions });
  },
  FetchStmt(r, n) {
    const name = text(n.portalname) ?? "";
    r.add("read", `cursor ${identifier(name)}`);
    r.uses.push({ verb: "fetch", name });
  },
  ClosePortalStmt(r, n) {
    const name = text(n.portalname);
    r.uses.push(name === undefined ? { verb: "close" } : { verb: "close", name });
  },
  ExplainStmt(r, n, s) {
    const runs = analyzes(n);
    r.mentions.planned = !runs;
    const { actions } = r.part((part) => part.visit(n.query, s));
    r.mentions.planned = false;
    if (runs) return r.addAll(actions);
    for (const { effect, on } of actions) r.add(planned.has(effect) ? "read" : effect, on);
    if (!r.acts) r.add("read", nothing);
  },
  ListenStmt: (r, n) => r.add("read", `channel ${identifier(text(n.conditionname) ?? "")}`),
  UnlistenStmt: () => {},
  NotifyStmt: (r, n) => r.add("write", `channel ${identifier(text(n.conditionname) ?? "")}`),
  LoadStmt: (r, n) => r.add("execute", `library ${identifier(text(n.filename) ?? "")}`),
  AlterSystemStmt: (r) => r.add("execute", "alter system"),
  CheckPointStmt: (r) => r.add("execute", "checkpoint"),
};

export const statementKinds: Readonly<Record<string, StatementKind | undefined>> = {
  __proto__: null as never,
  ...manipulation,
  ...sessions,
  ...definitions,
};

/** What a statement would do to its tables, EXPLAIN only plans. Functions may run while it plans. */
export const planned: ReadonlySet<string> = new Set(["read", "write", "delete", "define"]);

/** What WHEN … THEN of a MERGE does; DO NOTHING is not here. */
const merged: Readonly<Record<string, "insert" | "update" | "delete" | undefined>> = {
  CMD_INSERT: "insert",
  CMD_UPDATE: "update",
  CMD_DELETE: "delete",
};

function modify(
  r: Reader,
  n: Node,
  s: Scope,
  commands: readonly ("insert" | "update" | "delete")[],
  reads: boolean,
): void {
  const target = n.relation;
  if (!isNode(target)) return r.add("unknown", "*");
  for (const command of commands) {
    r.relation(target, emptyScope, command === "delete" ? "delete" : "write", command);
  }
  // A rule of that view makes an UPDATE a set_config of whatever rows its condition finds.
  if (r.nameOf(target) === "pg_catalog.pg_settings") r.setting(undefined, undefined);
  if (reads || "returningClause" in n) r.relation(target, emptyScope, "read");
  r.fields(n, s, "read", "relation");
}

/** In doubt, yes: an option that is not clearly off counts as on. */
export function analyzes(explain: Node): boolean {
  return list(explain.options).some((option) => {
    const node = unwrap(option)?.node ?? {};
    if (text(node.defname)?.toLowerCase() !== "analyze") return false;
    return !("arg" in node && /^(off|false|0)$/i.test(constant(node.arg) ?? ""));
  });
}
