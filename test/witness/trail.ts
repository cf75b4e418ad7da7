import type { Action } from "../../core/plugin.ts";
import { entriesIn } from "../trail.ts";
import { type Verdict, verdictOf } from "./coverage.ts";
import type { Message } from "./facts.ts";

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
    if (operation) yield verdictOf(message, operation.actions, () => false);
  }
}
