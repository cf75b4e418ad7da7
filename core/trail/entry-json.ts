import type { Entry } from "./entry.ts";

type Of<K extends Entry["kind"]> = Extract<Entry, { kind: K }>;

/** JSON of the lists that many entries share: actions of a statement, rules that allow them. They do not change. */
const lists = new WeakMap<readonly unknown[], string>();

/**
 * An entry as JSON without its opening brace, for what is written before it. Two are written for every
 * operation, so they are put together by hand: four times as quick as to walk an object of which most was the
 * same the last time. Ids and versions are of our own making and have nothing to escape.
 */
export function entryTail(entry: Entry): string {
  if (entry.kind === "operation") return operationJson(entry);
  if (entry.kind === "outcome") return outcomeJson(entry);
  return asIs(entry);
}

function asIs(entry: Entry): string {
  return JSON.stringify(entry).slice(1);
}

function operationJson(entry: Of<"operation">): string {
  const { session, text, whole, actions, rules, policy, hold, batch } = entry;
  if (whole !== undefined || hold !== undefined || batch !== undefined) return asIs(entry);
  return `"kind":"operation","session":"${session}","text":${JSON.stringify(text)},"actions":${listJson(actions)},"rules":${listJson(rules)},"policy":"${policy}"}`;
}

function outcomeJson(entry: Of<"outcome">): string {
  const { session, op, outcome, ms } = entry;
  const { result, code, rows, bytes, received } = outcome;
  const how =
    code === undefined && bytes === undefined && received === undefined && rows !== undefined
      ? `{"result":"${result}","rows":${rows}}`
      : JSON.stringify(outcome);
  return `"kind":"outcome","session":"${session}","op":${op},"outcome":${how},"ms":${ms}}`;
}

function listJson(list: readonly unknown[]): string {
  let json = lists.get(list);
  if (json === undefined) {
    json = JSON.stringify(list);
    lists.set(list, json);
  }
  return json;
}
