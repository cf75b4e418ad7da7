import type { Origin } from "../../../core/plugin.ts";
import type { ColumnFacts } from "../catalogue.ts";

/** One column of a query, and what its values may come from. */
export interface Output {
  /** Absent: the server gives it one of its own, or more than one. */
  readonly name?: string;
  readonly origins: readonly Origin[] | "unknown";
  /** It stands for one column or more: those of a function in FROM. */
  readonly many?: true;
  /** It is a stored row as it is. */
  readonly row?: ColumnFacts["row"];
}

/** Thrown where text and catalogue do not tell. */
export const untold = new Error("untold");

/** `name`: undefined where the server gives one of its own. */
export function named(name: string | undefined, origins: Output["origins"]): Output {
  return name === undefined ? { origins } : { name, origins };
}

/** The first of them under these names. Throws `untold`. */
export function renamed(outputs: readonly Output[], names: readonly string[]): readonly Output[] {
  if (names.length > 0 && outputs.slice(0, names.length).some(({ many }) => many)) throw untold;
  return outputs.map((each, at) => (at < names.length ? named(names[at], each.origins) : each));
}

/** What a value made of all of them may come from. */
export function united(outputs: readonly Output[]): readonly Origin[] | "unknown" {
  const origins: Origin[] = [];
  for (const output of outputs) {
    if (output.origins === "unknown") return "unknown";
    origins.push(...output.origins);
  }
  return origins;
}
