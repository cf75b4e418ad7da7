import type { SessionSettings } from "./settings.ts";
import { isTooLong } from "./size.ts";

/** Why the parser here may not read the same statement as the server will; undefined: it does. */
export function illegible(text: string, settings: SessionSettings): string | undefined {
  if (isTooLong(text)) return "the text is longer than 1 MiB, or has more than 150,000 words and signs";
  if (settings.names === "untrusted")
    return "the session has set a search_path under which every name may be somebody's own";
  if (text.includes("\0") || text.includes("\ufffd")) return "the text has bytes that are no UTF-8, or a NUL";
  if (!settings.standardStrings && text.includes("\\"))
    return "the text has a backslash, and the session has turned standard_conforming_strings off";
  if (!settings.utf8 && /[^\0-\x7f]/.test(text))
    return "the text goes beyond ASCII, and the session's client_encoding is not UTF8";
  return undefined;
}
