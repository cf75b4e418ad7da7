import type { Action, Finding } from "../../../core/plugin.ts";
import type { RelationFacts, TriggerFacts } from "./definitions.ts";
import { enabledWhen } from "./enabled.ts";
import { bits, eventsOf, writtenOf } from "./events.ts";
import { qualified } from "./identifiers.ts";
import { volatilities } from "./told.ts";
import type { Tree } from "./trees.ts";

const events = ["insert", "update", "delete", "truncate"] as const;

/** Those that what these statements do to what they write will fire. */
export function triggerFindings(
  relations: readonly RelationFacts[],
  actions: readonly Action[],
  trees: readonly Tree[] | undefined,
): readonly Finding[] {
  const fired = eventsOf(trees);
  return writtenOf(relations, actions).flatMap((relation) =>
    relation.triggers
      .filter(({ type }) => (type & fired) !== 0)
      .map((trigger) => ({
        label: "trigger",
        value: triggerText(qualified(relation.schema, relation.name), trigger),
        severity: "warning" as const,
      })),
  );
}

function triggerText(relation: string, trigger: TriggerFacts): string {
  const { type, name, function: called, volatility, language, definer, enabled } = trigger;
  const moment = type & bits.instead ? "INSTEAD OF" : type & bits.before ? "BEFORE" : "AFTER";
  const what = events.filter((event) => type & bits[event]).map((event) => event.toUpperCase());
  const each = type & bits.row ? "each row" : "each statement";
  const how = [volatilities[volatility] ?? "", language, ...(definer ? ["as its owner"] : [])].join(", ");
  return `${name} on ${relation}, ${moment} ${what.join(" OR ")}, ${each}: ${called}() (${how})${enabledWhen(enabled)}`;
}
