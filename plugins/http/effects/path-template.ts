import type { PosternError } from "../../../core/plugin.ts";

export interface PathTemplate {
  exact(path: string): boolean;
  /** Whatever the case. */
  near(path: string): boolean;
  /** Sorts what is literal before what is not, segment by segment. */
  readonly order: string;
}

/** `/users/{id}`: a name in braces stands for part of one segment (OpenAPI 3.1, 4.8.8). */
export function templateOf(template: string, flawed: (why: string) => PosternError): PathTemplate {
  const segments = template.split("/").slice(1);
  const parts = segments.map((segment) => {
    // Of two names without anything between them nobody knows where one ends.
    if (/\}\{/.test(segment) || (segment.match(/\{/g)?.length ?? 0) > 3)
      throw flawed(`nobody can tell the parameters in ${template} apart`);
    return segment.split(/\{[^{}]+\}/);
  });
  const lower = parts.map((segment) => segment.map((literal) => literal.toLowerCase()));
  return {
    exact: (path) => matches(parts, path),
    near: (path) => matches(lower, path.toLowerCase()),
    order: segments.map((segment) => (segment.includes("{") ? "1" : "0")).join(""),
  };
}

/** `parts`: of each segment what is literal, with something between each two. */
function matches(parts: readonly (readonly string[])[], path: string): boolean {
  const segments = path.split("/", parts.length + 2);
  if (segments.length !== parts.length + 1 || segments[0] !== "") return false;
  return parts.every((literals, index) => holds(literals, segments[index + 1] as string));
}

/** From left to right, each where it is found first: linear in the segment's length, unlike a regular expression. */
function holds(literals: readonly string[], segment: string): boolean {
  const first = literals[0] as string;
  if (literals.length === 1) return segment === first;
  const last = literals.at(-1) as string;
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
  let at = first.length;
  for (const literal of literals.slice(1, -1)) {
    const found = segment.indexOf(literal, at + 1);
    if (found < 0) return false;
    at = found + literal.length;
  }
  return at + 1 <= segment.length - last.length;
}
