import type { CommandExpansionPart, WordPart } from "unbash";
import { type Argument, pattern, told, untold } from "./argument.ts";

/** Where a word stands in its script, and what the parser found in it. */
export interface Span {
  readonly pos: number;
  readonly end: number;
  readonly parts?: readonly WordPart[] | undefined;
}

export interface WordRead {
  readonly argument: Argument;
  /** The commands whose output becomes part of it. */
  readonly substitutions: readonly CommandExpansionPart[];
  /** Shells differ on it, or the parser and we do. */
  readonly doubtful: boolean;
}

/**
 * Reads a word by itself, with nothing from the parser but where expansions lie, so that a mistake on either side
 * makes the word doubtful. POSIX Shell Command Language 2.2 (quoting), 2.6 (expansions), 2.13 (patterns).
 */
export function readWord(source: string, word: Span): WordRead {
  const expansions = expansionsOf(word.parts ?? []);
  const read = expansions && scan(source, word, new Map(expansions.map((one) => [one.pos, one.end])));
  return {
    argument: read ?? untold,
    substitutions: (expansions ?? []).filter((part) => part.type === "CommandExpansion"),
    doubtful: read === undefined,
  };
}

/** undefined: one that sh does not have, or that does more than put in a value. */
export function expansionsOf(parts: readonly WordPart[]): WordPart[] | undefined {
  const found: WordPart[] = [];
  for (const part of parts) {
    switch (part.type) {
      case "Literal":
      case "Glob":
      case "SingleQuoted":
        break;
      case "DoubleQuoted": {
        const inner = expansionsOf(part.parts);
        if (!inner) return undefined;
        found.push(...inner);
        break;
      }
      case "ParameterExpansion":
        if (part.operation || part.prefix || part.index) return undefined;
        found.push(part);
        break;
      case "SimpleExpansion":
      case "CommandExpansion":
        found.push(part);
        break;
      default:
        return undefined;
    }
  }
  return found;
}

function scan(
  source: string,
  { pos, end }: Span,
  expansions: ReadonlyMap<number, number>,
): Argument | undefined {
  const raw = source.slice(pos, end);
  if (raw === "{}" || raw === "[") return told(raw);
  let text = "";
  let expanded = false;
  let globs = false;
  let quoted = false;
  for (let at = pos; at < end; ) {
    const skip = expansions.get(at);
    const char = source.charAt(at);
    if (skip !== undefined) {
      expanded = true;
      at = skip;
    } else if (char === "'" && !quoted) {
      const close = source.indexOf("'", at + 1);
      if (close < 0 || close >= end) return undefined;
      text += source.slice(at + 1, close);
      at = close + 1;
    } else if (char === '"') {
      quoted = !quoted;
      at++;
    } else if (char === "\\") {
      const next = source.charAt(at + 1);
      if (at + 1 >= end) return undefined;
      if (next !== "\n") text += quoted && !'$`"\\'.includes(next) ? char + next : next;
      at += 2;
    } else {
      if (char === "$" || char === "`") return undefined;
      if (!quoted && special(source, at, pos)) return undefined;
      globs ||= !quoted && "*?[".includes(char);
      text += char;
      at++;
    }
  }
  if (quoted) return undefined;
  if (expanded) return untold;
  if (globs) return globbed(raw);
  if (raw.startsWith("~")) return homely(raw);
  return told(text);
}

/** What no unquoted part of a word can hold, or what bash expands and other shells leave as it is. */
function special(source: string, at: number, start: number): boolean {
  const char = source.charAt(at);
  if (" \t\n;&|<>(){}".includes(char)) return true;
  if (at === start) return char === "#";
  return char === "~" && "=:".includes(source.charAt(at - 1));
}

/** `~+` and `~1` are bash's own. */
function homely(raw: string): Argument | undefined {
  if (!/^~[A-Za-z]*(\/[\w./-]*)?$/.test(raw)) return undefined;
  return raw.split("/").includes("..") ? untold : pattern(raw);
}

/** Names that begin as written and cannot climb: `.*` may become `..`, and `*` may become `-delete`. */
function globbed(raw: string): Argument {
  const fixed = /^[\w@%+=:,./][\w@%+=:,./*?[\]!^-]*$/.test(raw);
  const climbs = raw.split("/").some((part) => part === ".." || (part.startsWith(".") && /[*?[]/.test(part)));
  return fixed && !climbs ? pattern(raw) : untold;
}
