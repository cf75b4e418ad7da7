import { catalogueRelations, safeFunctions, unsafeFunctions } from "./builtins.ts";
import type { SessionSettings } from "./settings.ts";

/**
 * `schema.name` as the server would find it under the default search_path. After the session changed it,
 * a name without a schema may be anybody's: `*.name`, which only a rule for any target matches.
 */
export function relationName(schema: string, name: string, settings: SessionSettings): string {
  if (schema === "" && catalogueRelations.has(name)) return `pg_catalog.${name}`;
  return qualified(schema, name, settings);
}

export function functionName(parts: readonly string[], settings: SessionSettings): string {
  const name = parts.at(-1) ?? "";
  const schema = parts.at(-2) ?? "";
  if (schema === "" && (safeFunctions.has(name) || unsafeFunctions.has(name))) return `pg_catalog.${name}`;
  return qualified(schema, name, settings);
}

/** Any other object that lives in a schema: a type, a sequence, an operator. */
export function objectName(parts: readonly string[], settings: SessionSettings): string {
  return qualified(parts.at(-2) ?? "", parts.at(-1) ?? "*", settings);
}

/** One part, in double quotes where the dotted form would be ambiguous without. */
export function identifier(part: string): string {
  return /^[\p{L}\p{N}_$]+$/u.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
}

/**
 * The object that a text constant names where the server casts it to regclass: `orders_id_seq`,
 * `"Mixed".seq`. undefined: not a plain name (an oid, or text only known at run time).
 */
export function namedByText(value: string | undefined, settings: SessionSettings): string | undefined {
  if (value === undefined) return undefined;
  const found = /^\s*(?:("(?:[^"]|"")+"|[a-zA-Z_][\w$]*)\s*\.\s*)?("(?:[^"]|"")+"|[a-zA-Z_][\w$]*)\s*$/.exec(
    value,
  );
  if (found === null) return undefined;
  return qualified(unquote(found[1] ?? ""), unquote(found[2] ?? ""), settings);
}

function unquote(part: string): string {
  return truncated(part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase());
}

/** NAMEDATALEN - 1, in bytes: what is longer is cut off, between two characters. The parser does so itself. */
const longestName = 63;

function truncated(name: string): string {
  if (name.length * 3 <= longestName || Buffer.byteLength(name) <= longestName) return name;
  const bytes = Buffer.from(name);
  let end = longestName;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function qualified(schema: string, name: string, settings: SessionSettings): string {
  if (schema !== "") return `${identifier(schema)}.${identifier(name)}`;
  return `${settings.names === "default" ? "public" : "*"}.${identifier(name)}`;
}
