import type { Action } from "../../../core/plugin.ts";
import type { Mentions } from "../sql/mentions.ts";

/** What a definition in the catalogue does and names, read as a statement is. */
export interface Definition {
  readonly actions: readonly Action[];
  readonly mentions: Mentions;
}

/** The trait of an action on a function that may change something. */
export const volatile = "volatile";

/** A function that something in the catalogue calls, which may be the server's own. */
export interface Reference {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export interface FunctionFacts extends Reference {
  /** Not written by who uses the database: in C, or an extension's. */
  readonly supplied: boolean;
  /** How few and how many arguments it takes. */
  readonly least: number;
  readonly most: number;
  /** Its first argument may be a row. */
  readonly ofRow: boolean;
  /** The server has one of its own with this name and these arguments. */
  readonly shadowed: boolean;
}

/** A function under the name that a text calls: an operator, a cast's target. */
export interface Named {
  readonly schema: string;
  readonly name: string;
  readonly function: Reference;
}
