import { readFileSync } from "node:fs";

/** What the server says that it did, as witness.c writes it. */
export type Fact =
  | {
      /**
       * `named`: the text names this relation, and needs these rights for it. `ran`: they were checked when it ran;
       * `hidden`: for somebody else, as a view's owner. `locked`, `granted`: by LOCK and GRANT.
       */
      readonly what: "named" | "ran" | "locked" | "granted";
      readonly depth: number;
      readonly schema: string;
      readonly name: string;
      /** Bits: 1 INSERT, 2 SELECT, 4 UPDATE, 8 DELETE. */
      readonly rights: number;
      readonly hidden: boolean;
    }
  | {
      /** `called`: the text calls it. `executed`: it ran, for whatever reason. */
      readonly what: "called" | "executed";
      readonly depth: number;
      readonly schema: string;
      readonly name: string;
      /** Somebody made it; it came with no server. */
      readonly own: boolean;
      readonly volatile: boolean;
    }
  | {
      readonly what: "made" | "changed" | "dropped" | "emptied";
      readonly depth: number;
      /** In the server's words: `table`, `foreign-data wrapper`. */
      readonly type: string;
      readonly path: readonly string[];
      /** The table that it is, or is a part of, and all that inherits to it. */
      readonly tables: readonly (readonly [schema: string, name: string])[];
    }
  | { readonly what: "error"; readonly depth: number; readonly code: string };

/** A text that a client sent, and what came of it. */
export interface Message {
  readonly session: number;
  /** The client's application_name. */
  readonly client: string;
  readonly text: string;
  readonly facts: readonly Fact[];
}

/** The messages of all sessions, each session's in order. */
export function messagesIn(file: string): Message[] {
  const messages: (Message & { facts: Fact[] })[] = [];
  const current = new Map<number, Message & { facts: Fact[] }>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue;
    const [session, what, depth, ...rest] = JSON.parse(line) as [number, string, number, ...never[]];
    if (what === "text") {
      const message = { session, text: rest[0] ?? "", client: rest[1] ?? "", facts: [] };
      current.set(session, message);
      messages.push(message);
    } else {
      const fact = factOf(what, depth, rest);
      if (fact) current.get(session)?.facts.push(fact);
    }
  }
  return messages;
}

function factOf(what: string, depth: number, rest: readonly never[]): Fact | undefined {
  switch (what) {
    case "named":
    case "ran":
    case "locked":
    case "granted": {
      const [schema, name, rights, hidden] = rest as readonly unknown[] as [string, string, number, boolean];
      return { what, depth, schema, name, rights, hidden };
    }
    case "called":
    case "executed": {
      const [schema, name, own, volatility] = rest as readonly unknown[] as [string, string, boolean, string];
      return { what, depth, schema, name, own, volatile: volatility === "v" };
    }
    case "made":
    case "changed":
    case "dropped":
    case "emptied": {
      const [type, path, tables] = rest as readonly unknown[] as [string, string[], [string, string][]];
      return { what, depth, type, path, tables };
    }
    case "error":
      return { what, depth, code: (rest as readonly string[])[0] ?? "" };
    default:
      return undefined;
  }
}
