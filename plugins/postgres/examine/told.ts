import type { Action, Finding } from "../../../core/plugin.ts";
import type { OpenTransaction } from "./asked.ts";
import type { FunctionFacts, RelationFacts } from "./definitions.ts";
import { qualified } from "./identifiers.ts";
import { nameOf } from "./names.ts";

/** What findings say of transaction, relations and functions. */

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

export const volatilities: Readonly<Record<string, string>> = { i: "immutable", s: "stable", v: "volatile" };

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

export function count(rows: number): string {
  return Math.round(rows).toLocaleString("en-US");
}
