import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";
import { redacted } from "./strategy.ts";

/** No document that anybody reads is deeper; what is goes as null. */
const deepest = 200;

/**
 * A JSON document with what is found in its texts, names and numbers replaced, and the values under masked names.
 * The same object where nothing is. `columns` masks go by the last part: a document does not say its table.
 */
export function maskDocument(value: unknown, finder: Finder, columns: Masks["columns"] = []): unknown {
  return masked(value, finder, columns, 0);
}

function masked(value: unknown, finder: Finder, columns: Masks["columns"], depth: number): unknown {
  if (typeof value === "string") return finder.replaceText(value);
  if (typeof value === "number") return finder.finds(Buffer.from(String(value))) ? null : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > deepest) return null;
  return Array.isArray(value) ? items(value, finder, columns, depth) : fields(value, finder, columns, depth);
}

function items(value: unknown[], finder: Finder, columns: Masks["columns"], depth: number): unknown {
  const shown = value.map((item) => masked(item, finder, columns, depth + 1));
  return shown.every((item, index) => item === value[index]) ? value : shown;
}

function fields(value: object, finder: Finder, columns: Masks["columns"], depth: number): unknown {
  let changed = false;
  const shown = Object.entries(value).map(([name, field]): [string, unknown] => {
    const mask = columns.find(({ matches }) => matches.name(name) || matches.origin({ column: name }));
    const now = mask ? under(field, mask.substitute) : masked(field, finder, columns, depth + 1);
    const as = finder.replaceText(name);
    changed ||= now !== field || as !== name;
    return [as, now];
  });
  return changed ? Object.fromEntries(unique(shown)) : value;
}

/** Two names may look alike once they are masked. */
function unique(entries: [string, unknown][]): [string, unknown][] {
  const seen = new Map<string, number>();
  return entries.map(([name, value]) => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return [times === 0 ? name : `${name} (${times + 1})`, value];
  });
}

function under(value: unknown, substitute: (value: string, kind: undefined) => string | null): unknown {
  if (value === null) return null;
  if (typeof value === "string" || typeof value === "number") return substitute(String(value), undefined);
  return typeof value === "boolean" ? null : redacted;
}
