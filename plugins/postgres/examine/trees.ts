import { parse, readsAtOnce } from "../sql/parse.ts";
import type { Tree } from "../sql/refs.ts";

export type { Tree } from "../sql/refs.ts";

/** The statements of a text; undefined: it is longer or deeper than what is read at once, or none that the parser knows. */
export function treesOf(text: string): readonly Tree[] | undefined {
  if (!readsAtOnce(text)) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
