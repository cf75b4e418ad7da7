import { type Fields, fieldsOf } from "../message.ts";

/** A media type (RFC 9110, 8.3.1): `type/subtype` and the names of parameters in lower case. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** How a body is looked at. `undefined` in its place: it cannot be. */
export type Shape = "document" | "sequence" | "events" | "form" | "text";

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const parameter = /\s*;\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([^\s;",]+)|"((?:[^"\\]|\\.)*)"))?/y;

/** `none`: the field is not there. undefined: it is there twice, or is none that can be read. */
export function mediaTypeOf(fields: Fields): MediaType | "none" | undefined {
  const values = fieldsOf(fields, "content-type");
  if (values.length === 0) return "none";
  if (values.length > 1) return undefined;
  const value = (values[0] as string).trim();
  const bare = /^[^;]*/.exec(value)?.[0] ?? "";
  const type = bare.trim().toLowerCase();
  if (type.split("/").length !== 2 || !type.split("/").every((part) => token.test(part))) return undefined;
  const parameters = new Map<string, string>();
  for (parameter.lastIndex = bare.length; parameter.lastIndex < value.length; ) {
    const part = parameter.exec(value);
    if (part === null) return undefined;
    const name = part[1]?.toLowerCase();
    if (name === undefined) continue;
    // Of two the client may take either.
    if (parameters.has(name)) return undefined;
    parameters.set(name, part[2] ?? (part[3] as string).replaceAll(/\\(.)/g, "$1"));
  }
  return { type, parameters };
}

const sequences = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
  "application/json-lines",
  "application/json-seq",
  "application/stream+json",
  "application/x-json-stream",
]);

const texts = new Set([
  "application/xml",
  "application/javascript",
  "application/x-javascript",
  "application/ecmascript",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/sql",
  "application/graphql",
  "application/csv",
  "application/openmetrics-text",
]);

export function shapeOf({ type, parameters }: MediaType): Shape | undefined {
  if (sequences.has(type) || type.endsWith("+json-seq")) return "sequence";
  if (type === "text/event-stream") return "events";
  if (/^(application|text)\/(x-)?json$|\+json$/.test(type)) {
    return parameters.get("stream") === "watch" ? "sequence" : "document";
  }
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type.startsWith("text/") || texts.has(type) || /\+(xml|yaml)$/.test(type)) return "text";
  return undefined;
}

/** Whether one of `patterns` (`image/*`, `application/pdf`) names this type. */
export function isNamed(type: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted === type || (wanted.endsWith("/*") && type.startsWith(wanted.slice(0, -1)));
  });
}

/** The same type, in UTF-8. */
export function inUtf8({ type, parameters }: MediaType): string {
  const others = [...parameters].filter(([name]) => name !== "charset");
  const written = others.map(
    ([name, value]) => `; ${name}=${token.test(value) ? value : JSON.stringify(value)}`,
  );
  return `${type}${written.join("")}; charset=utf-8`;
}
