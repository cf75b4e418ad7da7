/** What a case of the corpus is made of. */

/** The policies of the door (door.ts), each a group of its own. */
export type Policy =
  /** `read`, on everything. */
  | "read"
  /** `read("public.orders")`, nothing else. */
  | "read-orders"
  /** `read` of everything, and `write` of public.orders and public.boom. */
  | "write-orders"
  /** `read`, under mask({ columns: ["email"] }). */
  | "mask"
  /** The same, and `write` of public.notes, which no mask names. */
  | "mask-write"
  /** `read`, under mask({ columns: ["email"], predicates: "deny" }). */
  | "mask-deny";

/** One message of a caller; a text alone is a simple Query. Mutants change its texts, never its order. */
export type Message = string | Raw;

export type Raw =
  /** A simple Query of bytes that no text can be: not UTF-8, or with a zero in it. */
  | { readonly query: Buffer }
  | { readonly parse: string; readonly name?: string }
  /** `bind`: the statement's name. `binary`: all columns in the binary format. */
  | {
      readonly bind: string;
      readonly portal?: string;
      readonly values?: readonly (string | null)[];
      readonly binary?: boolean;
    }
  /** `rows`: at most so many, then the portal is suspended. */
  | { readonly execute: string; readonly rows?: number }
  | { readonly describe: "S" | "P"; readonly name: string }
  | { readonly close: "S" | "P"; readonly name: string }
  /** FunctionCall by the function's OID, its arguments in the text format. */
  | { readonly call: number; readonly args: readonly string[] }
  | { readonly sync: true };

/**
 * `refused`: by the gateway; nothing of it took place. `unknown`: the same, because nobody could know what it does.
 * `allowed`: the gateway refused no part of it (the server may: what it says of a mistake is its own).
 */
export type Verdict = "refused" | "unknown" | "allowed";

export interface Attack {
  readonly family: string;
  /** One sentence; unique in its family. */
  readonly tries: string;
  readonly sql: readonly Message[];
  readonly under: Policy;
  /** In which database; `shop` unless it says so. */
  readonly on?: "trap";
  readonly expect: Verdict;
  /** What the answer of an allowed one must hold, in one of its cells. */
  readonly shows?: string;
  /** Relations that an allowed one changes. */
  readonly writes?: readonly string[];
  /** Where only one version of the server has it. */
  readonly only?: 15 | 18;
  /** It does not do yet what it should, and why: printed by the test, and a failure once it holds. */
  readonly gap?: string;
}

export type Sql = string | readonly Message[];
export type Further = Partial<Pick<Attack, "on" | "shows" | "writes" | "only" | "gap" | "under">>;

/** The cases of one family, which stand in a file of their own. */
export function family(name: string, under: Policy) {
  const attacks: Attack[] = [];
  const add =
    (expect: Verdict) =>
    (tries: string, sql: Sql, further: Further = {}) => {
      const messages = typeof sql === "string" ? [sql] : sql;
      attacks.push({ family: name, tries, sql: messages, under, expect, ...further });
    };
  return { attacks, refused: add("refused"), unknown: add("unknown"), allowed: add("allowed") };
}

/** Parse, Bind, Execute of an unnamed statement, and Sync. */
export function extended(sql: string, values: readonly (string | null)[] = [], binary = false): Raw[] {
  return [{ parse: sql }, { bind: "", values, binary }, { execute: "" }, { sync: true }];
}
