import type { Finding } from "../../../core/plugin.ts";
import { QueryRefused, type Question, type Row } from "../control.ts";
import type { SessionSettings } from "../sql/settings.ts";
import type { AskedStatement } from "./asked.ts";
import { firstOwn, ownCodeIn, ownCodeQuestion } from "./built-in.ts";
import type { RelationFacts } from "./definitions.ts";
import { qualified, quoted } from "./identifiers.ts";
import { explainsOnly, type Plain, plainly } from "./plain.ts";
import { count } from "./told.ts";

const label = "row estimate";

/** Executions of a batch that are planned; of the others nothing is said. */
const mostPlanned = 10;

/** Milliseconds: a lock that somebody holds is not waited for, and a plan that takes long is none for a glance. */
const limits = { statement: "1500", lock: "200" } as const;

/** Asks the resource several things in one transaction that changes nothing. */
export type AskGroup = (questions: readonly Question[]) => Promise<Row[][]>;

/**
 * How many rows each would read or change, by the server's planner, without running anything that somebody made in the
 * database: where that cannot be made sure of, it is not planned and the finding says why.
 */
export async function estimates(
  asked: readonly AskedStatement[],
  settings: SessionSettings,
  relations: readonly RelationFacts[],
  ask: AskGroup,
  tell: (finding: Finding) => void,
): Promise<void> {
  const plans = asked.slice(0, mostPlanned).map((one) => ({ one, plain: plainly(one.statement, settings) }));
  const own = plans.every(({ plain }) => "because" in plain) ? undefined : await ownCode(relations, ask);
  if (own !== undefined) return tell({ label, value: none(own) });
  for (const [at, { one, plain }] of plans.entries()) {
    const value = "because" in plain ? none(plain.because) : await planned(one, plain, relations, ask);
    tell({ label, value, ...(asked.length > 1 ? { statement: at + 1 } : {}) });
  }
  if (asked.length > mostPlanned) {
    tell({ label, value: `of the first ${mostPlanned} alone`, severity: "warning" });
  }
}

/** Why planning could run what somebody made; undefined: it cannot. */
async function ownCode(relations: readonly RelationFacts[], ask: AskGroup): Promise<string | undefined> {
  const [rows] = await ask([ownCodeQuestion(relations.map(({ oid }) => oid))]);
  return ownCodeIn(rows);
}

async function planned(
  { statement, parameters }: AskedStatement,
  plain: Plain,
  relations: readonly RelationFacts[],
  ask: AskGroup,
): Promise<string> {
  const oids = parameters?.oids ?? [];
  if (oids.some((oid) => oid >= firstOwn)) return none("a parameter is of a type of the database's own");
  const text = explained(statement.text, plain, relations);
  if (typeof text !== "string") return none(text.because);
  const values = Array.from({ length: parameters?.length ?? 0 }, (_, index) => parameters?.at(index) ?? null);
  try {
    const answers = await ask([
      {
        text: `select pg_catalog.set_config('search_path', 'pg_catalog', true),
          pg_catalog.set_config('statement_timeout', '${limits.statement}', true),
          pg_catalog.set_config('lock_timeout', '${limits.lock}', true)`,
      },
      { text, parameters: values, types: oids },
    ]);
    return rowsOf(answers[1]?.[0]?.[0], relations);
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    // The server's own words may quote a value.
    return none(refusals[error.sqlstate] ?? `the server does not plan it (${error.sqlstate})`);
  }
}

const refusals: Readonly<Record<string, string | undefined>> = {
  __proto__: null as never,
  "42501": "the gateway's own login has no right to it (42501)",
  "55P03": "somebody holds a lock that planning would wait for",
  "57014": "planning it takes too long",
};

/** The text behind EXPLAIN, with every relation by its schema. */
function explained(
  sql: string,
  { unqualified }: Plain,
  relations: readonly RelationFacts[],
): string | { readonly because: string } {
  const bytes = Buffer.from(sql, "utf8");
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { at, name } of unqualified.toSorted((one, other) => one.at - other.at)) {
    const found = relations.filter((relation) => relation.named && relation.name === name);
    const [relation] = found;
    if (relation === undefined) return { because: `${name} is not there, or only this session sees it` };
    if (found.length > 1) return { because: `${name} is in several schemas` };
    if (relation.hidden)
      return { because: `a temporary ${name} may hide ${qualified(relation.schema, name)}` };
    pieces.push(bytes.subarray(from, at), Buffer.from(`${quoted(relation.schema)}.`));
    from = at;
  }
  const text = `explain (format json) ${Buffer.concat([...pieces, bytes.subarray(from)]).toString("utf8")}`;
  return explainsOnly(text) ? text : { because: "its text cannot be read" };
}

/** A node of a plan as EXPLAIN writes it. */
interface PlanNode {
  readonly "Node Type"?: string;
  readonly "Plan Rows"?: number;
  readonly Operation?: string;
  readonly "Relation Name"?: string;
  readonly "Parent Relationship"?: string;
  readonly Plans?: readonly PlanNode[];
}

function rowsOf(json: string | null | undefined, relations: readonly RelationFacts[]): string {
  const [plan] = json == null ? [] : (JSON.parse(json) as { Plan: PlanNode }[]).map(({ Plan }) => Plan);
  if (plan === undefined) return none("the server gave no plan");
  const changes = modified(plan);
  const changed = changes.map(
    ({ Operation = "?", "Relation Name": name = "?", Plans = [] }) =>
      `${Operation.toLowerCase()} of about ${rows(Plans.find((each) => each["Parent Relationship"] === "Outer"))} in ${name}`,
  );
  const what = plan["Node Type"] === "ModifyTable" ? [] : [`about ${rows(plan)} returned`];
  const guess = relations.some((relation) => relation.rows < 0) ? "; never analyzed, so this is a guess" : "";
  return [...what, ...changed].join(", ") + guess;
}

function modified(node: PlanNode): readonly PlanNode[] {
  const below = (node.Plans ?? []).flatMap(modified);
  return node["Node Type"] === "ModifyTable" ? [node, ...below] : below;
}

function rows(node: PlanNode | undefined): string {
  const expected = node?.["Plan Rows"] ?? 0;
  return `${count(expected)} row${expected === 1 ? "" : "s"}`;
}

function none(because: string): string {
  return `no estimate: ${because}`;
}
