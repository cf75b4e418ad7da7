import type { Statement } from "../../../core/plugin.ts";
import { safeFunctions } from "../sql/builtins.ts";
import { isNode, list, type Node, parts, text, unwrap } from "../sql/node.ts";
import type { SessionSettings } from "../sql/settings.ts";
import type { Tree } from "./trees.ts";
import { treesOf } from "./trees.ts";

/** A statement that can be planned without running what somebody made in the database, as far as its text tells. */
export interface Plain {
  /** Where the text names a relation without its schema: bytes of UTF-8 before it. */
  readonly unqualified: readonly { readonly at: number; readonly name: string }[];
}

/** Why it is not planned. */
export interface NotPlain {
  readonly because: string;
}

const plannable: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

/** Effects that nothing has that only reads and writes rows of tables. */
const more: ReadonlySet<string> = new Set(["define", "grant", "execute", "connect", "unknown"]);

/**
 * Whether a text can be given to EXPLAIN. It is then read with nothing but `pg_catalog` in the search path, so that
 * functions, operators and types are the server's own; what relations bring along is asked of the catalogue.
 */
export function plainly({ text: sql, actions }: Statement, settings: SessionSettings): Plain | NotPlain {
  if (!settings.utf8 || !settings.standardStrings || settings.names === "untrusted") {
    return { because: "the session has changed how its texts are read" };
  }
  const trees = treesOf(sql);
  if (trees === undefined) return { because: "its text cannot be read" };
  const [tree] = trees;
  if (tree === undefined || trees.length > 1) return { because: `${trees.length} statements in one text` };
  if (!plannable.has(tree.kind)) return { because: "it is no SELECT, INSERT, UPDATE, DELETE or MERGE" };
  const beyond = actions.find(({ effect }) => more.has(effect));
  if (beyond) return { because: `it is ${beyond.effect} on ${beyond.on}` };
  const walk = new Walk();
  const because = walk.tree(tree);
  if (because !== undefined) return { because };
  const hidden = walk.unqualified.find(({ name }) => walk.queries.has(name) && namesRelation(actions, name));
  if (hidden) return { because: `${hidden.name} is a query's name and a relation's` };
  return { unqualified: walk.unqualified.filter(({ name }) => !walk.queries.has(name)) };
}

function namesRelation(actions: Statement["actions"], name: string): boolean {
  return actions.some(({ on }) => on.endsWith(`.${name}`) || on.endsWith(`."${name}"`));
}

/** Looks into every field of every node; the first thing that is not the server's own ends it. */
class Walk {
  readonly unqualified: { at: number; name: string }[] = [];
  /** Names of WITH queries. */
  readonly queries = new Set<string>();

  tree({ node }: Tree): string | undefined {
    return this.#visit(node);
  }

  #visit(value: unknown): string | undefined {
    if (Array.isArray(value)) {
      for (const item of value) {
        const because = this.#visit(item);
        if (because !== undefined) return because;
      }
      return undefined;
    }
    if (!isNode(value)) return undefined;
    return this.#node(value);
  }

  #node(node: Node): string | undefined {
    if ("intoClause" in node) return "it makes a table";
    if ("relname" in node) return this.#relation(node);
    if ("funcname" in node && !isOwn(parts(node.funcname), safeFunctions)) {
      return `${parts(node.funcname).join(".")}() is not one of the server's own that only compute`;
    }
    for (const field of ["name", "operName", "useOp"]) {
      if (Array.isArray(node[field]) && !isOwn(parts(node[field])))
        return "it names an operator by its schema";
    }
    if ("names" in node && "typemod" in node && !isOwn(parts(node.names))) {
      return `the type ${parts(node.names).join(".")} is the database's own`;
    }
    if ("method" in node && !/^(system|bernoulli)$/.test(parts(node.method).join("."))) {
      return "it samples by a method of the database's own";
    }
    if (typeof node.ctename === "string") this.queries.add(node.ctename);
    for (const field in node) {
      // FOR UPDATE OF names what stands in FROM already.
      if (field === "lockedRels") continue;
      const because = this.#visit(node[field]);
      if (because !== undefined) return because;
    }
    return undefined;
  }

  #relation(node: Node): string | undefined {
    if ("catalogname" in node) return "it names a relation by its database";
    if (!("schemaname" in node))
      this.unqualified.push({ at: Number(node.location ?? 0), name: text(node.relname) ?? "" });
    return undefined;
  }
}

function isOwn(name: readonly string[], known?: ReadonlySet<string>): boolean {
  const [last = "", schema = "pg_catalog", ...rest] = name.toReversed();
  return rest.length === 0 && schema === "pg_catalog" && (known === undefined || known.has(last));
}

/** Whether the text behind `EXPLAIN (…) ` is one statement that EXPLAIN takes, with no option of its own. */
export function explainsOnly(sql: string): boolean {
  const trees = treesOf(sql);
  const [tree] = trees ?? [];
  if (trees?.length !== 1 || tree?.kind !== "ExplainStmt") return false;
  const options = list(tree.node.options).map((option) => text(unwrap(option)?.node.defname));
  return options.join() === "format" && plannable.has(unwrap(tree.node.query)?.kind ?? "");
}
