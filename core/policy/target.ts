import { nothing } from "../operation.ts";

/**
 * Whether a target matches any of these patterns. A target may hold `*` itself (a protocol's "cannot be
 * told"): only a pattern's own `*` matches it, so `public.*` covers the target `public.*` and not `*`.
 * Nothing at all is covered by every pattern: `select 1` needs no right to a table.
 */
export function targetMatcher(patterns: readonly string[]): (target: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const wild = patterns.filter((pattern) => pattern.includes("*")).map(wildcard);
  exact.add(nothing);
  if (wild.length === 0) return (target) => exact.has(target);
  return (target) => exact.has(target) || wild.some((matches) => matches(target));
}

/**
 * Whether a command, its words parted by blanks, matches any of these patterns. A `*` that is a word stands for one
 * word or more, a `*` inside a word for a part of that word: `cat /var/log/*` covers one file, `cat *` any arguments.
 */
export function commandMatcher(patterns: readonly string[]): (target: string) => boolean {
  const commands = patterns.map((pattern) => pattern.split(" ").map(word));
  return (target) => {
    if (target === nothing) return true;
    const words = target.split(" ");
    return commands.some((command) => wordsMatch(command, words));
  };
}

const anyWords = Symbol();
type Word = typeof anyWords | ((word: string) => boolean);

function word(pattern: string): Word {
  if (pattern === "*") return anyWords;
  return pattern.includes("*") ? wildcard(pattern) : (word) => word === pattern;
}

/** Goes back no further than to the last `*`: at most words times patterns steps. */
function wordsMatch(command: readonly Word[], words: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let next = 0; next < words.length; ) {
    const expected = command[at];
    if (expected === anyWords) {
      star = at++;
      taken = ++next;
    } else if (expected?.(words[next] ?? "")) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++taken;
    } else return false;
  }
  return at === command.length;
}

/** Pieces found from left to right: linear in the target's length, unlike a regular expression. */
function wildcard(pattern: string): (target: string) => boolean {
  const pieces = pattern.split("*");
  const head = pieces.shift() ?? "";
  const tail = pieces.pop() ?? "";
  return (target) => {
    if (target.length < head.length + tail.length) return false;
    if (!target.startsWith(head) || !target.endsWith(tail)) return false;
    let at = head.length;
    const end = target.length - tail.length;
    for (const piece of pieces) {
      const found = target.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
