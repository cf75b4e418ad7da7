import { mayTrail } from "../h1/fields.ts";
import { consistsOf, isToken, valueBytes } from "../h1/syntax.ts";
import type { Fields } from "../message.ts";
import { malformed } from "./request-head.ts";

/** Trailer fields without those that a head alone may have. Throws Fault where one would frame or route the message. */
export function trailersOf(raw: readonly string[]): Fields {
  const fields: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (!isToken(name) || !consistsOf(valueBytes, value))
      throw malformed("A trailer field is not one of HTTP.");
    if (mayTrail(name)) fields.push(name, value);
  }
  return fields;
}

/** As the library sends them: by name, in lower case. */
export function byName(fields: Fields): Record<string, string | string[]> {
  const named: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    const value = fields[at + 1] as string;
    const before = named[name];
    named[name] = before === undefined ? value : [before, value].flat();
  }
  return named;
}
