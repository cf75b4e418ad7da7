import { hasSqlDetails, loadModule, parseSync, scanSync } from "libpg-query";
import { list, unwrap } from "./node.ts";
import { asOlder } from "./older.ts";
import type { Tree } from "./refs.ts";

/**
 * A text of more characters is read in a thread of its own (apart.ts): this long it takes milliseconds, and cannot nest
 * deep enough for the parser's own stack.
 */
export const longestAtOnce = 8192;

let spoiled = false;

/** Once, before the first `parse`: the parser is a WebAssembly module. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/**
 * Whether something but an error in a text has ended the parser. Its stack then stays where it was, its memory as it was
 * left, and a later text would be written over what it knows: nobody may ask this instance again.
 */
export function isSpoiled(): boolean {
  return spoiled;
}

/**
 * The statements of a text, by PostgreSQL's own parser. Throws its error, which has the place in the text, and an Error
 * once the parser is spoiled.
 */
export function parse(text: string): readonly Tree[] {
  if (spoiled) throw ended();
  // The parser takes no empty string, the protocol does.
  if (text === "") return [];
  try {
    const { stmts } = parseSync(text) as { stmts?: unknown };
    const trees = list(stmts).map(
      (entry) => unwrap((entry as { stmt?: unknown }).stmt) ?? { kind: "", node: {} },
    );
    return asOlder(text, trees);
  } catch (error) {
    spoiled ||= !hasSqlDetails(error);
    throw error;
  }
}

/** Where its words and signs begin and end, in bytes. Throws as `parse`. */
export function tokensOf(text: string): readonly { readonly start: number; readonly end: number }[] {
  if (spoiled) throw ended();
  return scanSync(text).tokens;
}

function ended(): Error {
  return new Error("the parser has ended before its time");
}
