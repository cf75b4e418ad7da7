import { PosternError } from "../../../../core/plugin.ts";
import { readJson } from "../../body/json.ts";
import { mediaTypeOf } from "../../body/media.ts";
import { type Fields, fieldsOf } from "../../message.ts";
import { type RootFields, rootFieldsOf } from "./operations.ts";

/** Operations in one body. */
const mostOperations = 50;
/** Bytes of a body. */
const longest = 1024 * 1024;
/** What a request has by "GraphQL over HTTP"; what else it has may name another operation (a stored one). */
const members: ReadonlySet<string> = new Set(["query", "operationName", "variables", "extensions"]);

/** How a body has to be read; undefined: nobody can tell what it asks for. */
export type BodyForm = "json" | "graphql";

export function formOf(fields: Fields): BodyForm | undefined {
  if (fieldsOf(fields, "content-encoding").length > 0) return undefined;
  const media = mediaTypeOf(fields);
  if (media === undefined || media === "none") return undefined;
  const charset = media.parameters.get("charset")?.toLowerCase() ?? "utf-8";
  if (charset !== "utf-8" && charset !== "utf8") return undefined;
  if (media.type === "application/json") return "json";
  return media.type === "application/graphql" ? "graphql" : undefined;
}

/** undefined: it cannot be told. Throws PosternError `http.graphql` where readers would not agree on what it says. */
export function operationsOfBody(body: Uint8Array, form: BodyForm): readonly RootFields[] | undefined {
  if (body.length > longest) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
  if (form === "graphql") return allOf([rootFieldsOf(text, undefined)]);
  const value = jsonIn(text);
  const asked = Array.isArray(value) ? value : [value];
  if (asked.length === 0 || asked.length > mostOperations) return undefined;
  return allOf(asked.map(operationIn));
}

/** Of a query's parameters; undefined: it cannot be told. */
export function operationOfQuery(query: string): readonly RootFields[] | undefined {
  // Some servers part parameters by semicolons, too.
  if (query.includes(";")) return undefined;
  const parameters = new URLSearchParams(query);
  const request: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (!members.has(name) || Object.hasOwn(request, name)) return undefined;
    request[name] = value;
  }
  const { extensions, variables, ...named } = request;
  if (extensions !== undefined && isStored(jsonIn(extensions))) return undefined;
  return allOf([operationIn(named)]);
}

function operationIn(value: unknown): RootFields | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { query, operationName, extensions } = value as Record<string, unknown>;
  if (Object.keys(value).some((name) => !members.has(name)) || isStored(extensions)) return undefined;
  if (typeof query !== "string") return undefined;
  // Servers take an empty name for none.
  const name = operationName === "" || operationName === null ? undefined : operationName;
  if (name !== undefined && typeof name !== "string") return undefined;
  return rootFieldsOf(query, name);
}

/** A server that knows the operation by its hash may not look at the text beside it. */
function isStored(extensions: unknown): boolean {
  if (extensions === undefined || extensions === null) return false;
  if (typeof extensions !== "object") return true;
  return Object.keys(extensions).some((name) => /persist|stored|hash|document|query/i.test(name));
}

function jsonIn(text: string): unknown {
  let read: ReturnType<typeof readJson>;
  try {
    read = readJson(text);
  } catch {
    return undefined;
  }
  if (read.repeating.size > 0) {
    throw new PosternError("http.graphql", "The request has a name twice in one JSON object.", {
      hint: "Servers would not agree on which of them counts: send each once.",
    });
  }
  return read.value;
}

function allOf(found: readonly (RootFields | undefined)[]): readonly RootFields[] | undefined {
  const known = found.filter((each) => each !== undefined);
  return known.length === found.length ? known : undefined;
}
