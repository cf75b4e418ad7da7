import type { Action, Finding } from "../../../core/plugin.ts";
import { identifier } from "../sql/names.ts";
import { isNode, type Node } from "../sql/node.ts";
import type { OpenTransaction } from "./asked.ts";
import type { FunctionFacts, RelationFacts, TriggerFacts } from "./definitions.ts";
import { qualified } from "./identifiers.ts";
import { nameOf } from "./names.ts";
import type { Tree } from "./trees.ts";

/** What findings say of transaction, relations, triggers and functions. */

export function transactionFinding({ since, statements }: OpenTransaction): Finding {
  const ran = `${statements} statement${statements === 1 ? "" : "s"} ran in it before`;
  const value =
    since === undefined
      ? "others of the same group, not yet committed, ran before it"
      : `open since ${new Date(since).toISOString()}, ${ran}`;
  return { label: "transaction", value, severity: "warning" };
}

const kinds: Readonly<Record<string, string>> = {
  r: "table",
  p: "partitioned table",
  v: "view",
  m: "materialised view",
  f: "foreign table",
  S: "sequence",
  i: "index",
  I: "partitioned index",
};

export function relationFinding(relation: RelationFacts): Finding {
  const kind = kinds[relation.kind] ?? "relation";
  const through = relation.named ? "" : ", read by a view";
  const size = relation.rows < 0 ? "" : `, about ${count(relation.rows)} rows in all`;
  const sized = relation.kind === "r" || relation.kind === "p" || relation.kind === "m" ? size : "";
  const value = `${qualified(relation.schema, relation.name)}: ${kind}${through}${sized}`;
  if (!relation.hidden) return { label: "relation", value };
  return {
    label: "relation",
    value: `${value}; a temporary table of this name exists in some session, and would be meant in its place`,
    severity: "warning",
  };
}

/** Of what nobody knows anything under the name that the classifier gave it. */
export function missingFindings(
  actions: readonly Action[],
  relations: readonly RelationFacts[],
  functions: readonly FunctionFacts[],
): readonly Finding[] {
  const known = new Set(
    [...relations, ...functions].flatMap(({ schema, name }) => [`${schema}.${name}`, name]),
  );
  const missing = new Set<string>();
  for (const { on, effect } of actions) {
    const wanted = nameOf(on);
    if (!wanted || effect === "define") continue;
    if (!known.has(wanted.schema === null ? wanted.name : `${wanted.schema}.${wanted.name}`)) missing.add(on);
  }
  return [...missing].map((on) => ({
    label: "not found",
    value: `${on}: not there, or only this session sees it`,
    severity: "warning",
  }));
}

const volatilities: Readonly<Record<string, string>> = { i: "immutable", s: "stable", v: "volatile" };

export function functionFinding(called: FunctionFacts): Finding {
  const what = called.kind === "p" ? "procedure" : called.kind === "a" ? "aggregate" : "";
  const traits = [
    what,
    volatilities[called.volatility] ?? "",
    called.language,
    called.definer ? "as its owner" : "",
  ];
  return {
    label: "function",
    value: `${qualified(called.schema, called.name)}(${called.arguments}): ${traits.filter((one) => one !== "").join(", ")}`,
    ...(called.volatility === "v" || called.definer ? { severity: "warning" } : {}),
  };
}

/** pg_trigger.tgtype (pg_trigger.h). */
const bits = { row: 1, before: 2, insert: 4, delete: 8, update: 16, truncate: 32, instead: 64 } as const;
const events = ["insert", "update", "delete", "truncate"] as const;

/** Those that what these statements do to what they write will fire. */
export function triggerFindings(
  relations: readonly RelationFacts[],
  actions: readonly Action[],
  trees: readonly Tree[] | undefined,
): readonly Finding[] {
  const fired = trees ? eventsIn(trees) : bits.insert | bits.update | bits.delete | bits.truncate;
  const written = new Set(
    actions.flatMap(({ effect, on }) => (effect === "write" || effect === "delete" ? on : [])),
  );
  return relations.flatMap((relation) => {
    const name = qualified(relation.schema, relation.name);
    const itself = written.has(name) || written.has(`*.${identifier(relation.name)}`);
    // What a view reads may be what is written through it.
    if (!itself && (relation.named || written.size === 0)) return [];
    return relation.triggers
      .filter(({ type }) => (type & fired) !== 0)
      .map((trigger) => ({
        label: "trigger",
        value: triggerText(name, trigger),
        severity: "warning" as const,
      }));
  });
}

function triggerText(relation: string, trigger: TriggerFacts): string {
  const { type, name, function: called, volatility, language, definer } = trigger;
  const when = type & bits.instead ? "INSTEAD OF" : type & bits.before ? "BEFORE" : "AFTER";
  const what = events.filter((event) => type & bits[event]).map((event) => event.toUpperCase());
  const each = type & bits.row ? "each row" : "each statement";
  const how = [volatilities[volatility] ?? "", language, ...(definer ? ["as its owner"] : [])].join(", ");
  return `${name} on ${relation}, ${when} ${what.join(" OR ")}, ${each}: ${called}() (${how})`;
}

const eventsOf: Readonly<Record<string, number | undefined>> = {
  __proto__: null as never,
  InsertStmt: bits.insert,
  UpdateStmt: bits.update,
  DeleteStmt: bits.delete,
  // Its branches are not looked at: one more than fires is no harm.
  MergeStmt: bits.insert | bits.update | bits.delete,
  TruncateStmt: bits.truncate,
};

function eventsIn(trees: readonly Tree[]): number {
  let found = 0;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value)) return;
    for (const field in value) {
      found |= eventsOf[field] ?? 0;
      if (field === "onConflictClause" && (value[field] as Node).action === "ONCONFLICT_UPDATE")
        found |= bits.update;
      visit(value[field]);
    }
  };
  for (const { kind, node } of trees) {
    if (kind === "CopyStmt" && node.is_from === true) found |= bits.insert;
    visit({ [kind]: node });
  }
  return found;
}

export function count(rows: number): string {
  return Math.round(rows).toLocaleString("en-US");
}
