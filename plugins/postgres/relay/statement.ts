import type { Action } from "../../../core/plugin.ts";
import type { May } from "../catalogue.ts";
import { classifyApart } from "../sql/apart.ts";
import type { Shape, SqlStatement } from "../sql/classify.ts";
import { leaving } from "../sql/leaving.ts";
import { noMentions } from "../sql/mentions.ts";
import { type Replication, replicationCommand, shownSetting } from "../sql/replication.ts";
import { nameKey } from "./name.ts";

/** A statement of the gateway's own wording, of which nothing is known but its actions. */
export function plainStatement(text: string, actions: readonly Action[]): SqlStatement {
  const detail: Shape = { actions, statements: 1, uses: [], mentions: noMentions, lineage: () => undefined };
  return { text, actions, detail };
}

/** FirstNormalObjectId: from here on types are somebody's own. */
const firstOwn = 16_384;

/** A statement whose parameters a Parse gave these types. */
export function typedStatement(statement: SqlStatement, types: readonly number[]): SqlStatement {
  if (!types.some((oid) => oid >= firstOwn)) return statement;
  return { ...statement, detail: { ...statement.detail, parameterTypes: types } };
}

/** What the text alone says, of a statement of which more is known. */
export function readOf(statement: SqlStatement): SqlStatement {
  return statement.detail.read === undefined ? statement : readOf(statement.detail.read);
}

/** What cannot be told: denied unless a rule names `unknown`. */
export const unknownStatement: SqlStatement = {
  ...plainStatement("EXECUTE (a name that this session did not define)", [{ effect: "unknown", on: "*" }]),
  unclear: () => "what it runs by its name was not defined in this session, or cannot be told beforehand",
};

/** pg_catalog.set_config, on every server. */
const setConfig = 2078;
const calls = new Map<string, SqlStatement>();
const keptCalls = 256;

/** A fast-path function call. `does`: what the resource's catalogue says of that number; undefined: it cannot be told. */
export function functionCallStatement(oid: number, does: Action | undefined): SqlStatement {
  const key = `${oid} ${does?.effect} ${does?.on} ${does?.traits}`;
  const known = calls.get(key);
  if (known) return known;
  if (calls.size >= keptCalls) calls.clear();
  const untold: Action = { effect: "unknown", on: `function ${oid}` };
  const statement = plainStatement(`FunctionCall (function ${oid})`, [
    does ?? (oid === setConfig ? { ...untold, traits: [leaving] } : untold),
  ]);
  calls.set(key, statement);
  return statement;
}

/** What it runs hangs on names (EXECUTE, FETCH): decided when it runs, not from its text. */
export function isLate({ detail }: SqlStatement): boolean {
  return detail.uses.length > 0 && detail.uses.some(({ verb }) => verb === "execute" || verb === "fetch");
}

/** Whether things may be other than they were, once it has run: it says so, or it runs what nobody here reads. */
export function mayDefine({ actions }: SqlStatement): May | undefined {
  let may: "perhaps" | undefined;
  for (const { effect, on } of actions) {
    // COMMIT PREPARED ends what defined elsewhere.
    if (effect === "define" || effect === "grant" || on === "prepared transaction") return "certainly";
    if (effect === "execute" || effect === "unknown") may = "perhaps";
  }
  return may;
}

/** The statement that a PREPARE in this text gave the name to. */
export function preparedIn(statement: SqlStatement, key: string): SqlStatement {
  const uses = statement.detail.uses.filter(
    ({ verb, name }) => verb === "prepare" && name !== undefined && nameKey(name) === key,
  );
  if (uses.length === 0) return unknownStatement;
  return plainStatement(
    statement.text,
    uses.flatMap(({ actions }) => actions ?? []),
  );
}

/** What a text of a replication connection would do; a physical one takes no SQL. */
export function classifyFor(replication: Replication): typeof classifyApart {
  return (text, settings) => {
    const known = replicationCommand(text);
    if (known) return known;
    if (replication === "database") return classifyApart(text, settings);
    const setting = shownSetting(text);
    return plainStatement(text, [
      setting === undefined ? { effect: "unknown", on: "*" } : { effect: "replicate", on: setting },
    ]);
  };
}
