import type { Refused } from "./refused.ts";

/** A path that has one reading. */
export interface CanonicalPath {
  /** Decoded, none of them empty. */
  readonly segments: readonly string[];
  /** Ends in a slash. */
  readonly slash: boolean;
}

/** Characters of the target. Longer ones are refused; a kubectl request has a few hundred. */
export const longestTarget = 16_384;

/** What RFC 3986 (3.3, 3.4) lets stand in a path and a query, whose escapes are whole. `;` is parameters to some. */
const written = /^(?:[\w.~!$&'()*+,=:@/?-]|%[0-9A-Fa-f]{2})*$/;
const plain = /^[\w.~!$&'()*+,=:@/-]*$/;
/** What one of two readers takes for a separator, an end, or one more escape. */
const confusing = /[/\\%;\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Why this is no path or query that all readers take for the same; undefined: it is one. */
export function unreadable(text: string): string | undefined {
  return written.test(text) ? undefined : "it holds characters that may not stand in a request's target";
}

/**
 * Takes a path apart as kube-apiserver does: escapes are decoded once, and what they decode to counts (recorded:
 * `/api/v1/namespaces/fx%2Fconfigmaps` lists configmaps). What this makes ambiguous is refused: an escaped slash, an
 * escaped escape, empty segments, `.` and `..`.
 */
export function canonicalPath(path: string): CanonicalPath | Refused {
  if (!path.startsWith("/")) return { refused: "its target is no path" };
  const wrong = unreadable(path);
  if (wrong !== undefined) return { refused: wrong };
  const slash = path.length > 1 && path.endsWith("/");
  const parts = path === "/" ? [] : path.slice(1, slash ? -1 : undefined).split("/");
  const segments: string[] = [];
  for (const part of parts) {
    const segment = plain.test(part) ? part : decoded(part);
    if (segment === undefined) return { refused: "its path holds bytes that are no UTF-8" };
    if (segment === "") return { refused: "its path has an empty segment" };
    if (segment === "." || segment === "..") return { refused: "its path has a segment . or .." };
    if (confusing.test(segment)) return { refused: "its path has an escape that servers read differently" };
    segments.push(segment);
  }
  return { segments, slash };
}

/** The path as it is sent on: what is decoded to these segments, and to nothing else. */
export function encodedPath({ segments, slash }: CanonicalPath): string {
  const path = segments.map((segment) => `/${plain.test(segment) ? segment : encodeURIComponent(segment)}`);
  return `${path.join("")}${slash || path.length === 0 ? "/" : ""}`;
}

/** undefined: no UTF-8. Overlong forms are none. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (failure) {
    if (failure instanceof URIError) return undefined;
    throw failure;
  }
}
