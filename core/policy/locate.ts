import type { Origin } from "./origin.ts";

/**
 * Follows a path such as `rules[1].on` from a call `gateway({...})` through the literal that was written
 * there, as far as it is written there: beyond a variable or a spread it stays at the last place it knows.
 */
export function locate(
  call: Origin,
  path: readonly (string | number)[],
): Pick<Origin, "file" | "line" | "column"> {
  const { source } = call;
  const open = source.indexOf("(", offset(source, call.line, call.column));
  let found: number | undefined;
  let value = open < 0 ? undefined : trivia(source, open + 1);
  for (const key of path) {
    const part = value === undefined ? undefined : member(source, value, key);
    if (!part) break;
    found = part.at;
    value = part.value;
  }
  return found === undefined ? call : { file: call.file, ...position(source, found) };
}

interface Part {
  readonly at: number;
  readonly value: number | undefined;
}

function member(source: string, literal: number, key: string | number): Part | undefined {
  if (source[literal] !== (typeof key === "number" ? "[" : "{")) return undefined;
  for (let at = trivia(source, literal + 1), index = 0; at < source.length; index++) {
    if (source[at] === "]" || source[at] === "}" || source.startsWith("...", at)) return undefined;
    const name = /^(?:(["'])(.*?)\1|([\w$]+))\s*(:?)/.exec(source.slice(at, at + 200));
    if (index === key) return { at, value: at };
    if (name && (name[2] ?? name[3]) === key) {
      return { at, value: name[4] ? trivia(source, at + name[0].length) : undefined };
    }
    while (at < source.length && !",]}".includes(source[at]!)) at = after(source, at);
    if (source[at] === ",") at = trivia(source, at + 1);
  }
  return undefined;
}

/** The index behind the token or bracketed group at `at`. */
function after(source: string, at: number): number {
  const beyond = trivia(source, at);
  if (beyond > at) return beyond;
  const char = source[at]!;
  if (char === '"' || char === "'" || char === "`" || regularExpression(source, at))
    return quoted(source, at, char);
  if (!"([{".includes(char)) return at + 1;
  let inside = at + 1;
  while (inside < source.length && !")]}".includes(source[inside]!)) inside = after(source, inside);
  return inside + 1;
}

/** A slash where a value may begin; elsewhere it divides. */
function regularExpression(source: string, at: number): boolean {
  return source[at] === "/" && /[(,=:[!&|?{;]\s*$/.test(source.slice(Math.max(0, at - 50), at));
}

function quoted(source: string, at: number, quote: string): number {
  let inside = at + 1;
  while (inside < source.length && source[inside] !== quote) {
    if (quote === "`" && source.startsWith("${", inside)) inside = after(source, inside + 1);
    else inside += source[inside] === "\\" ? 2 : 1;
  }
  return inside + 1;
}

function trivia(source: string, at: number): number {
  const skipped = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  skipped.lastIndex = at;
  skipped.exec(source);
  return Math.max(at, skipped.lastIndex);
}

function offset(source: string, line: number, column: number): number {
  let at = 0;
  for (let skip = 1; skip < line; skip++) at = source.indexOf("\n", at) + 1;
  return at + column - 1;
}

function position(source: string, at: number): { line: number; column: number } {
  const before = source.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
