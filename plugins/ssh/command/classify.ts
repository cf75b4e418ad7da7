import { parse } from "unbash";
import type { Action, Classified } from "../../../core/plugin.ts";
import { type CommandContext, Reading } from "./reading.ts";
import { ScriptReader } from "./script.ts";

/** Characters; an argument that Linux hands to a program is at most 128 KB long. */
const longest = 32_768;

/** What opens something that may hold a whole script: each level costs the parser the length of the rest. */
const opening = /[`({]/g;
const mostOpened = 500;

/**
 * Control characters, what one part takes for a blank and the other does not, and what was no text. And what a shell in
 * a locale such as Big5 or Shift JIS takes for the second half of a character: a caller may choose the locale.
 */
const odd = /[^\P{Cc}\t\n]|[^\P{Z} ]|[\p{Cf}\ufffd]|\p{Cs}|[^\p{ASCII}][\\`|{}~[\]^@]/u;

/**
 * What a command does that a caller sends for the host's shell: `execute` on each program that runs, `read` and `write`
 * where it is redirected, what some programs are known to do with their arguments, and `unknown` for what cannot be
 * told. Reads with the shell's own grammar, as far as sh and bash agree on it. Bounded in time by the text's length.
 */
export function classifyCommand(text: string, context: CommandContext = {}): readonly Action[] {
  return readCommand(text, context).actions;
}

/** The same, with the first thing in it that cannot be told. */
export function readCommand(text: string, context: CommandContext = {}): Classified {
  const reading = new Reading(context);
  if (context.shell === "other") reading.unknown("nobody here reads the language of the host's shell");
  else if (text.trim() === "") reading.unknown("it is empty");
  else readText(text, reading);
  return reading.found();
}

/** A text that a shell gets, here or as an argument of one (`sh -c`). */
export function readText(text: string, reading: Reading): void {
  if (text.length > longest) return reading.unknown("it is longer than 32 KiB");
  if (odd.test(text)) return reading.unknown("it holds a character that shells may read in different ways");
  if ((text.match(opening)?.length ?? 0) > mostOpened) return reading.unknown("it nests too deep");
  try {
    new ScriptReader(text, reading).read(parse(text));
  } catch (failure) {
    if (!(failure instanceof RangeError)) throw failure;
    reading.unknown("it nests too deep");
  }
}
