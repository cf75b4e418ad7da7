import { illegible } from "./legible.ts";
import { parse } from "./parse.ts";
import type { SessionSettings } from "./settings.ts";

/** What of a text could not be told. */
export interface Flaw {
  /** The parser's own, or ours. They may quote the text. */
  readonly words: string;
  /** Where in the text, in characters from 1, as an ErrorResponse has it. */
  readonly position?: number;
}

/** Of a text that was read as `unknown` under these settings; undefined: its actions say it, or nobody looked. */
export function flawOf(text: string, settings: SessionSettings): Flaw | undefined {
  const words = illegible(text, settings);
  if (words !== undefined) return { words };
  try {
    return ofKinds(parse(text).map(({ kind }) => kind));
  } catch (error) {
    return parserError(error);
  }
}

/** As libpg-query throws it: `cursorPosition` is in characters from 0. */
function parserError(error: unknown): Flaw {
  const { message, sqlDetails } = error as { message: string; sqlDetails?: { cursorPosition?: number } };
  const at = sqlDetails?.cursorPosition;
  return at === undefined || at < 0 ? { words: message } : { words: message, position: at + 1 };
}

function ofKinds(kinds: readonly string[]): Flaw | undefined {
  if (kinds.includes("DoStmt")) return { words: "what a DO block runs is not read" };
  if (kinds.length < 2) return undefined;
  return {
    words:
      "what stands behind a change of search_path, role or quoting in one text is not read: send it by itself",
  };
}
