import { BoundedMap } from "./bounded-map.ts";

/** A path that is decided by and a path that is sent, which mean the same to whoever reads them. */
export interface CanonicalPath {
  /** Decoded once. */
  readonly path: string;
  /** `?` and what follows; "" where there is none. */
  readonly query: string;
}

/** What readers of a path disagree about: an encoded slash, backslash or NUL, also where it is encoded twice. */
const ambiguous = /%(?:2f|5c|00|25(?:2f|5c|2e|00))/i;
/**
 * Dots alone in a segment, also before parameters, which some servers take away before they resolve them, and among
 * blanks and more dots, which file systems of Windows do not tell apart.
 */
const dots = /\/ *\.[. ]*(?:\/|;|$)/;
/** What parts a path. */
const marks = /[/\\?#;%]/g;

/**
 * Of an origin-form target. undefined: servers would not agree on what it names (RFC 3986, 6.2.2; RFC 9110, 17.1): dot
 * segments, empty segments, encoded slashes, what is no UTF-8. Clients resolve dots before they send.
 */
export function canonicalPath(target: string): CanonicalPath | undefined {
  const last = known.get(target);
  if (last !== undefined) return last;
  const path = readPath(target);
  return path && known.set(target, path);
}

/** Clients ask for the same things again. */
const known = new BoundedMap<CanonicalPath>(4096, 1024);

function readPath(target: string): CanonicalPath | undefined {
  const mark = target.indexOf("?");
  const raw = mark < 0 ? target : target.slice(0, mark);
  if (!raw.startsWith("/") || raw.includes("//") || raw.includes("\\") || ambiguous.test(raw))
    return undefined;
  let path = raw;
  if (raw.includes("%")) {
    try {
      path = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    if (hasControl(path) || hidesMarks(path)) return undefined;
  }
  if (dots.test(path)) return undefined;
  return { path, query: mark < 0 ? "" : target.slice(mark) };
}

/** Characters that some servers fold into one that parts a path: U+FF0F and U+FF0E into `/` and `.` (Unicode, NFKC). */
function hidesMarks(path: string): boolean {
  const folded = path.normalize("NFKC");
  if (folded === path) return false;
  return dots.test(folded) || folded.match(marks)?.length !== path.match(marks)?.length;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 || code === 127) return true;
  }
  return false;
}
