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
