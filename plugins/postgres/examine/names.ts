import type { Action } from "../../../core/plugin.ts";

/** What an action is on, as the catalogue names it. */
export interface Name {
  /** null: it may be in any. */
  readonly schema: string | null;
  readonly name: string;
}

/** Names that one examination looks up; more are not, which is said. */
export const mostNames = 50;

/** Reads `schema.name` as the classifier writes it; undefined: it is no such name (`setting x`, `(none)`, `*`). */
export function nameOf(on: string): Name | undefined {
  const found = /^(?:("(?:[^"]|"")+"|[\p{L}\p{N}_$]+)|\*)\.("(?:[^"]|"")+"|[\p{L}\p{N}_$]+)$/u.exec(on);
  if (found === null) return undefined;
  const [, schema, name = ""] = found;
  return { schema: schema === undefined ? null : unquoted(schema), name: unquoted(name) };
}

/** What these actions are on, each once: first what is changed or called, last what only a view or a rule in it reads. */
export function namesIn(actions: readonly Action[]): readonly Name[] {
  const names = new Map<string, Name>();
  for (const { on } of actions.toSorted((one, other) => rank(one) - rank(other))) {
    const name = nameOf(on);
    if (name) names.set(on, name);
  }
  return [...names.values()];
}

function rank({ effect, within }: Action): number {
  return (within === undefined ? 0 : 2) + (effect === "read" ? 1 : 0);
}

function unquoted(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
