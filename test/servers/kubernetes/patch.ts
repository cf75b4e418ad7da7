import { equal, isObject, type Json, type JsonObject } from "./json.ts";
import { child, itemOf, type Schema } from "./schema.ts";
import { ApiError, badRequest } from "./status.ts";

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902. What fails is answered with 422, as the real server does. */
export function jsonPatch(target: Json, operations: readonly JsonObject[]): Json {
  let document = structuredClone(target);
  for (const operation of operations) document = applied(document, operation);
  return document;
}

function applied(document: Json, operation: JsonObject): Json {
  const { op, path, from, value } = operation;
  const pointer = pointerOf(path);
  switch (op) {
    case "add":
      return put(document, pointer, structuredClone(value ?? null), true);
    case "replace":
      get(document, pointer, "replace");
      return put(document, pointer, structuredClone(value ?? null), false);
    case "remove":
      return removed(document, pointer);
    case "test":
      if (!equal(read(document, pointer), value))
        throw unprocessable(`testing value ${String(path)} failed: test failed`);
      return document;
    case "copy":
      return put(document, pointer, structuredClone(get(document, pointerOf(from), "copy")), true);
    case "move": {
      const moved = get(document, pointerOf(from), "move");
      return put(removed(document, pointerOf(from)), pointer, moved, true);
    }
    default:
      throw unprocessable(`Unexpected kind: ${String(op)}`);
  }
}

function unprocessable(_why: string): ApiError {
  return new ApiError(422, "the server rejected our request due to an error in our request", "Invalid", {});
}

function pointerOf(path: Json | undefined): string[] {
  if (typeof path !== "string") throw unprocessable("no path");
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(document: Json, pointer: readonly string[]): Json | undefined {
  let value: Json | undefined = document;
  for (const key of pointer) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value)) value = value[key];
    else return undefined;
  }
  return value;
}

function get(document: Json, pointer: readonly string[], what: string): Json {
  const value = read(document, pointer);
  if (value === undefined) throw unprocessable(`${what} operation does not apply: doc is missing key`);
  return value;
}

function put(document: Json, pointer: readonly string[], value: Json, insert: boolean): Json {
  const key = pointer.at(-1);
  if (key === undefined) return value;
  const parent = read(document, pointer.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = key === "-" ? parent.length : Number(key);
    if (!Number.isInteger(index) || index > parent.length) throw unprocessable("index out of bounds");
    parent.splice(index, insert ? 0 : 1, value);
  } else if (isObject(parent)) parent[key] = value;
  else throw unprocessable("doc is missing path");
  return document;
}

function removed(document: Json, pointer: readonly string[]): Json {
  get(document, pointer, "remove");
  const key = pointer.at(-1) ?? "";
  const parent = read(document, pointer.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isObject(parent)) delete parent[key];
  return document;
}

/** Strategic merge patch: as a merge patch, but lists with a merge key are merged entry by entry. */
export function strategicPatch(target: Json | undefined, patch: Json, schema: Schema | undefined): Json {
  if (!isObject(patch)) return patch;
  const { $patch: directive, ...rest } = patch;
  if (directive === "replace") return withoutDirectives(rest);
  if (directive === "delete") return {};
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const retain = rest.$retainKeys;
  if (Array.isArray(retain))
    for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key];
  for (const [key, value] of Object.entries(rest)) {
    if (key === "$retainKeys" || value === undefined) continue;
    if (key.startsWith("$setElementOrder/")) continue;
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const field = key.slice("$deleteFromPrimitiveList/".length);
      const gone = Array.isArray(value) ? value : [];
      const list = result[field];
      if (Array.isArray(list)) result[field] = list.filter((one) => !gone.includes(one));
      continue;
    }
    const inner = child(schema, key);
    if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergedList(result[key], value, inner);
    else result[key] = strategicPatch(result[key], value, inner);
  }
  for (const [key, value] of Object.entries(rest)) {
    if (!key.startsWith("$setElementOrder/") || !Array.isArray(value)) continue;
    const field = key.slice("$setElementOrder/".length);
    const list = result[field];
    if (Array.isArray(list)) result[field] = ordered(list, value, mergeKey(child(schema, field)));
  }
  return result;
}

function mergeKey(schema: Schema | undefined): string | undefined {
  const strategy = String(schema?.["x-kubernetes-patch-strategy"] ?? "");
  if (!strategy.includes("merge")) return undefined;
  const key = schema?.["x-kubernetes-patch-merge-key"];
  return typeof key === "string" ? key : "";
}

function mergedList(target: Json | undefined, patch: readonly Json[], schema: Schema | undefined): Json {
  const key = mergeKey(schema);
  const replace = patch.some((one) => isObject(one) && one.$patch === "replace");
  const entries = patch.filter((one) => !(isObject(one) && one.$patch === "replace"));
  if (key === undefined || replace) return entries.map(withoutDirectives);
  const list = Array.isArray(target) ? [...target] : [];
  for (const entry of entries) {
    if (!isObject(entry)) {
      if (!list.includes(entry)) list.push(entry);
      continue;
    }
    if (key !== "" && entry[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(entry)} does not contain declared merge key: ${key}`);
    const index = list.findIndex((one) => isObject(one) && one[key] === entry[key]);
    if (entry.$patch === "delete") {
      if (index >= 0) list.splice(index, 1);
    } else if (index >= 0) list[index] = strategicPatch(list[index], entry, itemOf(schema));
    else list.push(withoutDirectives(entry));
  }
  return list;
}

function ordered(list: readonly Json[], order: readonly Json[], key: string | undefined): Json[] {
  const place = (one: Json) =>
    order.findIndex((other) =>
      isObject(one) && isObject(other) && key ? one[key] === other[key] : one === other,
    );
  const named = list.filter((one) => place(one) >= 0).sort((a, b) => place(a) - place(b));
  return [...named, ...list.filter((one) => place(one) < 0)];
}

function withoutDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !key.startsWith("$") && one !== null && one !== undefined)
      .map(([key, one]) => [key, withoutDirectives(one ?? null)]),
  );
}
