import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";
import { step, type Ways, waysOf } from "./path.ts";
import { redacted, type Substitute } from "./strategy.ts";
import type { Shown } from "./written-back.ts";

/** No document that anybody reads is deeper; what is goes as null. */
const deepest = 200;
/** How many names are remembered. */
const mostNames = 4096;

/** A JSON document with what is found in its texts, names and numbers replaced; the same object where nothing is. */
export function maskDocument(value: unknown, finder: Finder): unknown {
  return new DocumentMask(finder, { columns: [], fields: [] }).mask(value);
}

/**
 * The same, and the values under masked names and paths replaced. `columns` masks go by the last part: a document
 * does not say its table. A string that is itself a JSON array or object is looked into by name as well.
 */
export class DocumentMask {
  readonly #finder: Finder;
  readonly #columns: Masks["columns"];
  readonly #start: Ways<Substitute>;
  readonly #shown: Shown | undefined;
  readonly #byName: boolean;
  /** What was found out about a name: the mask for it; null: none. */
  readonly #names = new Map<string, Substitute | null>();
  /** How often a value was under a masked name. */
  #met = 0;

  constructor(finder: Finder, { columns, fields }: Pick<Masks, "columns" | "fields">, shown?: Shown) {
    this.#finder = finder;
    this.#columns = columns;
    this.#start = waysOf(fields.map(({ path, substitute }) => ({ path, leads: substitute })));
    this.#shown = shown;
    this.#byName = columns.length > 0 || fields.length > 0;
  }

  mask(value: unknown): unknown {
    return this.#masked(value, "", this.#start, 0);
  }

  #masked(value: unknown, name: string, ways: Ways<Substitute>, depth: number): unknown {
    if (typeof value === "string") return this.#text(value, name, ways, depth);
    if (typeof value === "number") return this.#finder.findsIn(String(value)) ? null : value;
    if (typeof value !== "object" || value === null) return value;
    if (depth > deepest) return null;
    return Array.isArray(value)
      ? this.#items(value, name, ways, depth)
      : this.#fields(value as Record<string, unknown>, ways, depth);
  }

  #text(value: string, name: string, ways: Ways<Substitute>, depth: number): string {
    const nested = this.#byName && /^\s*[[{]/.test(value) ? this.#nested(value, ways, depth) : value;
    const now = this.#finder.replaceText(nested);
    if (now !== value) this.#shown?.note(now, name);
    return now;
  }

  /** Written anew where a masked name is in it: of a name that is there twice, JSON.parse has seen only one. */
  #nested(text: string, ways: Ways<Substitute>, depth: number): string {
    if (depth > deepest) return redacted;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return text;
    }
    const met = this.#met;
    const shown = this.#masked(value, "", ways, depth + 1);
    return shown === value && this.#met === met ? text : JSON.stringify(shown);
  }

  #items(value: readonly unknown[], name: string, ways: Ways<Substitute>, depth: number): unknown {
    let shown: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item = value[index];
      const next = ways.length === 0 ? undefined : step(ways, index);
      const now = next?.ends
        ? this.#under(item, name, next.ends)
        : this.#masked(item, name, next?.ways ?? ways, depth + 1);
      if (now === item) continue;
      shown ??= value.slice();
      shown[index] = now;
    }
    return shown ?? value;
  }

  #fields(value: Record<string, unknown>, ways: Ways<Substitute>, depth: number): unknown {
    let shown: Record<string, unknown> | undefined;
    let named: Map<string, string> | undefined;
    for (const name of Object.keys(value)) {
      const field = value[name];
      const next = ways.length === 0 ? undefined : step(ways, name);
      const mask = next?.ends ?? this.#columnMask(name);
      const now = mask
        ? this.#under(field, name, mask)
        : this.#masked(field, name, next?.ways ?? ways, depth + 1);
      const as = this.#finder.replaceName(name);
      if (as !== name) {
        named ??= new Map();
        named.set(name, as);
      }
      if (now === field) continue;
      shown ??= { ...value };
      set(shown, name, now);
    }
    return named ? underOtherNames(shown ?? value, named) : (shown ?? value);
  }

  #columnMask(name: string): Substitute | undefined {
    if (this.#columns.length === 0) return undefined;
    let mask = this.#names.get(name);
    if (mask === undefined) {
      const found = this.#columns.find(
        ({ matches }) => matches.name(name) || matches.origin({ column: name }),
      );
      mask = found?.substitute ?? null;
      if (this.#names.size < mostNames) this.#names.set(name, mask);
    }
    return mask ?? undefined;
  }

  #under(value: unknown, name: string, substitute: Substitute): unknown {
    this.#met++;
    if (value === null) return null;
    if (typeof value === "boolean") return null;
    const shown =
      typeof value === "string" || typeof value === "number"
        ? substitute(String(value), undefined)
        : redacted;
    if (shown !== null) this.#shown?.note(shown, name);
    return shown;
  }
}

/** An ordinary property, also where assigning it would be something else. */
function set(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Two names may look alike once they are masked: the second one is numbered. */
function underOtherNames(value: Record<string, unknown>, named: ReadonlyMap<string, string>): unknown {
  const times = new Map<string, number>();
  const entries = Object.keys(value).map((before): [string, unknown] => {
    const name = named.get(before) ?? before;
    let as = name;
    while (times.has(as)) {
      const next = (times.get(name) ?? 1) + 1;
      times.set(name, next);
      as = `${name} (${next})`;
    }
    times.set(as, 1);
    return [as, value[before]];
  });
  return Object.fromEntries(entries);
}
