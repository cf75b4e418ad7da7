import { hasSqlDetails, loadModule, parseSync, scanSync } from "libpg-query";
import { list, unwrap } from "./node.ts";
import { asOlder } from "./older.ts";
import type { Tree } from "./refs.ts";

/** A text of more characters is read in a thread of its own (apart.ts): this long it takes milliseconds. */
export const longestAtOnce = 8192;
/** Levels that fit on the parser's stack with room to spare; at some seven thousand it is full. */
const shallow = 2048;

/**
 * Whether a text can be read here and now: it is short, and cannot nest deep enough for the parser's own stack. Each level takes two
 * characters or more, but for a sign before an operand: `+-+-1` is one a character.
 */
export function readsAtOnce(text: string): boolean {
  if (text.length <= shallow) return true;
  if (text.length > longestAtOnce) return false;
  let signs = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2b || code === 0x2d) signs += 1;
  }
  return signs <= shallow;
}

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

/** Parentheses within parentheses, and set operations, that a definition may have. The parser takes some thousands. */
const deepest = 1_000;

/**
 * The same of a definition as the server writes it out, which may be long: it puts every operation into parentheses, so that
 * they tell how deep it nests. Throws besides where that is too deep.
 */
export function parseDefinition(source: string): readonly Tree[] {
  if (source.length > longestAtOnce && depthOf(source) > deepest) throw new Error("it nests too deep");
  return parse(source);
}

/** Quotes are doubled where they stand in a name or a literal, and so end none. A chain of set operations has no parentheses. */
function depthOf(source: string): number {
  let [depth, most, chained] = [0, 0, 0];
  for (const [sign] of source.matchAll(/'[^']*'|"[^"]*"|[()[\]]|\b(?:UNION|INTERSECT|EXCEPT)\b/g)) {
    if (sign === "(" || sign === "[") depth += 1;
    else if (sign === ")" || sign === "]") depth -= 1;
    else if (/^\w/.test(sign)) chained += 1;
    most = Math.max(most, depth);
  }
  return most + chained;
}

/** Where its words and signs begin and end, in bytes. Throws as `parse`. */
export function tokensOf(text: string): readonly { readonly start: number; readonly end: number }[] {
  if (spoiled) throw ended();
  return scanSync(text).tokens;
}

function ended(): Error {
  return new Error("the parser has ended before its time");
}
