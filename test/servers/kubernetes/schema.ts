import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isObject, type Json, type JsonObject, objectAt, textAt } from "./json.ts";

/** A file of test/fixtures/kubernetes (its README.md says where each comes from). */
export function fixture(name: string): JsonObject {
  const file = join(import.meta.dir, "../../fixtures/kubernetes", name);
  return JSON.parse(gunzipSync(readFileSync(file)).toString());
}

/** A definition of OpenAPI v2 as Kubernetes publishes it, with its `x-kubernetes-` extensions. */
export interface Schema extends JsonObject {
  type?: string;
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
}

let loaded: Record<string, Schema> | undefined;

/** Every definition, by its OpenAPI name (`io.k8s.api.core.v1.Pod`). */
export function definitions(): Record<string, Schema> {
  loaded ??= fixture("definitions.json.gz") as Record<string, Schema>;
  return loaded;
}

const byKind = new Map<string, string>();

/** The name of the definition of this kind; undefined where there is none (a custom resource, an older version). */
export function definitionOf(group: string, version: string, kind: string): string | undefined {
  if (byKind.size === 0)
    for (const [name, schema] of Object.entries(definitions())) {
      const kinds = schema["x-kubernetes-group-version-kind"];
      for (const one of Array.isArray(kinds) ? kinds : [])
        byKind.set(`${textAt(one, "group")}/${textAt(one, "version")}/${textAt(one, "kind")}`, name);
    }
  return byKind.get(`${group}/${version}/${kind}`) ?? byKind.get(`${group}/v1/${kind}`);
}

export function schemaOf(group: string, version: string, kind: string): Schema | undefined {
  const name = definitionOf(group, version, kind);
  return name === undefined ? undefined : definitions()[name];
}

/** Follows a reference; extensions beside it win over those of what it names. */
export function resolved(schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.slice("#/definitions/".length);
  if (name === undefined) return schema;
  const target = definitions()[name];
  return target === undefined ? undefined : { ...target, ...schema };
}

/** What one key of an object holds; undefined: the schema does not say. */
export function child(schema: Schema | undefined, key: string): Schema | undefined {
  const known = resolved(schema);
  const property = known?.properties?.[key];
  if (property !== undefined) return resolved(property);
  const more = known?.additionalProperties;
  return typeof more === "object" ? resolved(more) : undefined;
}

/** Whether a key is a field of its own, not an entry of a map. */
export function isField(schema: Schema | undefined, key: string): boolean {
  return resolved(schema)?.properties?.[key] !== undefined;
}

export function itemOf(schema: Schema | undefined): Schema | undefined {
  return resolved(resolved(schema)?.items);
}

/** By what the entries of a list are told apart in server-side apply; undefined: the list is one value. */
export function listKeys(schema: Schema | undefined): readonly string[] | "set" | undefined {
  const type = schema?.["x-kubernetes-list-type"];
  if (type === "set") return "set";
  const keys = schema?.["x-kubernetes-list-map-keys"];
  if (type === "map" && Array.isArray(keys)) return keys.map(String);
  return undefined;
}

export function isAtomic(schema: Schema | undefined): boolean {
  return schema?.["x-kubernetes-map-type"] === "atomic";
}

/** Every field of `value` that its schema does not know, as `spec.foo`. */
export function unknownFields(value: Json, schema: Schema | undefined, path = ""): string[] {
  const known = resolved(schema);
  if (known === undefined || known["x-kubernetes-preserve-unknown-fields"] === true) return [];
  if (Array.isArray(value))
    return value.flatMap((one, index) => unknownFields(one, itemOf(known), `${path}[${index}]`));
  if (!isObject(value) || (known.properties === undefined && known.additionalProperties === undefined))
    return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (inner === undefined) return [];
    const below = path === "" ? key : `${path}.${key}`;
    const next = child(known, key);
    if (next === undefined && !isField(known, key) && known.additionalProperties !== true) return [below];
    return unknownFields(inner, next, below);
  });
}

/** `value` without the fields that its schema does not know, as a server keeps it. */
export function pruned(value: Json, schema: Schema | undefined): Json {
  const known = resolved(schema);
  if (known === undefined || known["x-kubernetes-preserve-unknown-fields"] === true) return value;
  if (Array.isArray(value)) return value.map((one) => pruned(one, itemOf(known)));
  if (!isObject(value) || known.properties === undefined) {
    if (!isObject(value) || typeof known.additionalProperties !== "object") return value;
    const entry = known.additionalProperties;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, pruned(one ?? null, entry)]));
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isField(known, key))
      .map(([key, one]) => [key, pruned(one ?? null, child(known, key))]),
  );
}

/** The properties of a schema by name. */
export function propertiesOf(schema: Schema | undefined): Record<string, Schema> {
  return objectAt(resolved(schema), "properties") as Record<string, Schema>;
}
