import { longestAtOnce, parse } from "../sql/parse.ts";
import type { Tree } from "../sql/refs.ts";

export type { Tree } from "../sql/refs.ts";

/** The statements of a text; undefined: it is longer than what is read at once, or none that the parser knows. */
export function treesOf(text: string): readonly Tree[] | undefined {
  if (text.length > longestAtOnce) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
