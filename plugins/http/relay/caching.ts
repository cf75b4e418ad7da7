import { BoundedMap } from "../bounded-map.ts";

/**
 * `Cache-Control` of an answer as the caller gets it: for whoever asked alone (RFC 9111, 5.2.2.7). The resource knows one
 * caller, the gateway; what it lets caches share was decided for one identity, and masked for it. `values`: the fields of
 * that name.
 */
export function forOneCaller(values: readonly string[]): string {
  if (values.length === 0) return "private";
  const said = values.join(", ");
  // What stands in quotes are names of fields, and may hold commas.
  const directives = said.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  const kept = directives.flatMap((directive) => {
    const trimmed = directive.trim();
    return trimmed === "" || shared.test(trimmed) ? [] : [trimmed];
  });
  if (!kept.some((directive) => alone.test(directive))) kept.push("private");
  return kept.join(", ");
}

/** The same of the only field of that name, if there is one: services say few things of their answers. */
export function forOneCallerOf(value: string | undefined): string {
  if (value === undefined) return "private";
  return known.get(value) ?? known.set(value, forOneCaller([value]));
}

const known = new BoundedMap<string>(256, 128);

/** Fields that tell caches of a kind what `Cache-Control` does not say (RFC 9213; Surrogate-Control; nginx). */
export function sharesAnyway(name: string): boolean {
  return name.length > 11 && others.test(name);
}

const shared = /^(?:public|s-maxage|proxy-revalidate|private\s*=)/i;
const alone = /^(?:private|no-store)$/i;
const others = /^(?:(?:[a-z0-9-]+-)?cdn-cache-control|surrogate-control|edge-control|x-accel-.*)$/i;
