import type { Action } from "../../core/plugin.ts";
import { entriesIn } from "../trail.ts";
import { type Verdict, verdictOf } from "./coverage.ts";
import type { Fact, Message } from "./facts.ts";

/**
 * The same of what a gateway wrote into its trail, which knows the resource's catalogue: nothing is hidden from it. Both
 * have the texts of a session in order; those that the gateway asks for itself stand in one only.
 */
export function* recordedVerdicts(messages: Iterable<Message>, dataDir: string): Generator<Verdict> {
  const sessions = new Map<string, { text: string; actions: readonly Action[] }[]>();
  for (const entry of entriesIn(dataDir)) {
    if (entry.kind !== "operation") continue;
    const operations = sessions.get(entry.session) ?? [];
    sessions.set(entry.session, operations);
    operations.push(entry);
  }
  const clients = new Map<number, string>();
  for (const message of messages) {
    const [said] = /ses_\w+/.exec(message.client) ?? [];
    if (said !== undefined && !clients.has(message.session)) clients.set(message.session, said);
    const operations = sessions.get(clients.get(message.session) ?? "") ?? [];
    const at = operations.findIndex(({ text }) => text === message.text);
    const [operation] = at === -1 ? [] : operations.splice(0, at + 1).slice(-1);
    if (operation) {
      const { actions } = operation;
      yield verdictOf(message, actions, (fact) => isOwnWork(fact, message, actions));
    }
  }
}

/** What the server reads for itself: nobody's statement shows it. */
function isOwnWork(fact: Fact, { text, facts }: Message, actions: readonly Action[]): boolean {
  if (fact.what !== "ran") return false;
  // Its own views are what they are.
  if (fact.schema === "pg_catalog" || fact.schema === "information_schema") return true;
  // Whether what is there keeps to a new constraint; what a trigger of a TRUNCATE or a late one does.
  if (/^\s*(alter|truncate|commit|end)\b/i.test(text)) return true;
  // A rule of a relation asks for rights on it once more.
  const on = `${fact.schema}.${fact.name}`;
  const named = facts.some((each) => each.what === "named" && `${each.schema}.${each.name}` === on);
  return named || actions.some((action) => action.on === on && action.effect !== "read");
}
