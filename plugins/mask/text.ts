import type { Operation } from "../../core/plugin.ts";
import { vocabulary } from "./vocabulary.ts";

/**
 * Which messages of a database may pass while columns are masked. An error can quote a value (`select
 * email::int`), or be made to (`select email::regclass` answers `relation "alice@example.com" does not exist`), so a
 * message passes only if its code (SQLSTATE) is known here and each of its words is either the server's own wording
 * or in the caller's statement. Codes of other protocols are not known here: their messages are withheld.
 */
export function mayPass(text: string, code: string | undefined, operation: Operation | undefined): boolean {
  if (code === undefined || !known(code)) return false;
  const own = operation === undefined ? new Set<string>() : wordsOf(operation.text);
  for (const word of wordsOf(text)) {
    if (/^\d+$/.test(word)) {
      // Of numbers a statement can hold every one there is: `/* 0000 … 9999 */ select substr(card, 1, 4)::regclass`.
      if (word.length > 2 && !(ofState(code) && word.length <= 10)) return false;
    } else if (!vocabulary.has(word) && !own.has(word)) return false;
  }
  return true;
}

export function withheldText(code: string | undefined): string {
  return code === undefined ? "message withheld by mask" : `message withheld by mask, SQLSTATE ${code}`;
}

/** Whole classes of SQLSTATE, and single codes. */
const classes = new Set(["08", "25", "40", "42", "53", "55", "57", "3D", "3F", "0A", "54"]);
const codes = new Set([
  "26000",
  "34000",
  "21000",
  "22012",
  "22003",
  "22004",
  "23502",
  "23503",
  "23505",
  "23514",
  "01000",
]);

function known(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && (codes.has(code) || classes.has(code.slice(0, 2)));
}

/** About the server or the connection; their numbers are of processes, places and sizes. */
function ofState(code: string): boolean {
  return /^(08|25|26|34|40|53|55|57)/.test(code);
}

/** Words in lower case. Anything but a letter or digit parts them, so a value is taken apart like a name. */
function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []);
}
