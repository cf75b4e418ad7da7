import { equal, isObject, type Json, type JsonObject, type KubeObject } from "./json.ts";
import { emptyOf, messageOf } from "./protobuf/messages.ts";
import { child, isAtomic, isField, itemOf, listKeys, type Schema } from "./schema.ts";

/** A set of fields as FieldsV1 writes it: a key for each step, `.` for the place itself. */
export type FieldSet = Map<string, FieldSet> & { self?: boolean };

export function newSet(self = false): FieldSet {
  const set: FieldSet = new Map<string, FieldSet>();
  set.self = self;
  return set;
}

function insert(set: FieldSet, key: string, below: FieldSet): void {
  if (below.self !== true && below.size === 0) return;
  const there = set.get(key);
  set.set(key, there ? union(there, below) : below);
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const both = newSet(a.self === true || b.self === true);
  for (const [key, below] of a) both.set(key, below);
  for (const [key, below] of b) insert(both, key, below);
  return both;
}

/** What is in `a` and not in `b`. */
export function without(a: FieldSet, b: FieldSet): FieldSet {
  const rest = newSet(a.self === true && b.self !== true);
  for (const [key, below] of a) {
    const other = b.get(key);
    insert(rest, key, other ? without(below, other) : below);
  }
  return rest;
}

export function common(a: FieldSet, b: FieldSet): FieldSet {
  const both = newSet(a.self === true && b.self === true);
  for (const [key, below] of a) {
    const other = b.get(key);
    if (other) insert(both, key, common(below, other));
  }
  return both;
}

export const isEmpty = (set: FieldSet) => set.self !== true && set.size === 0;

export function toFields(set: FieldSet): JsonObject {
  const fields: JsonObject = set.self && set.size > 0 ? { ".": {} } : {};
  for (const [key, below] of set) fields[key] = toFields(below);
  return fields;
}

export function fromFields(fields: Json | undefined): FieldSet {
  const entries = Object.entries(isObject(fields) ? fields : {});
  const set = newSet(entries.length === 0);
  for (const [key, below] of entries) {
    if (key === ".") set.self = true;
    else set.set(key, fromFields(below));
  }
  return set;
}

/** The step to an entry of a list that is a map or a set. */
function entryKey(item: Json, keys: readonly string[] | "set", schema: Schema | undefined): string {
  if (keys === "set" || !isObject(item)) return `v:${JSON.stringify(item)}`;
  const values = keys
    .toSorted()
    .map((key) => [key, item[key] ?? child(itemOf(schema), key)?.default ?? undefined]);
  return `k:${JSON.stringify(Object.fromEntries(values.filter(([, value]) => value !== undefined)))}`;
}

/** Every field that `value` sets: what a manager that applies it owns. */
export function setFields(value: Json, schema: Schema | undefined): FieldSet {
  if (Array.isArray(value)) {
    const keys = listKeys(schema);
    if (keys === undefined) return newSet(true);
    const set = newSet();
    for (const item of value) {
      const below = isObject(item) ? setFields(item, itemOf(schema)) : newSet();
      below.self = true;
      set.set(entryKey(item, keys, schema), below);
    }
    return set;
  }
  if (!isObject(value) || isAtomic(schema)) return newSet(true);
  const set = newSet(Object.keys(value).length === 0);
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined) continue;
    const below = setFields(one, child(schema, key));
    if (one === null || !isField(schema, key)) below.self = true;
    insert(set, `f:${key}`, below);
  }
  return set;
}

export interface Difference {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What is other in `after` than in `before`. */
export function difference(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema | undefined,
): Difference {
  const changed = newSet(before === undefined && after !== undefined);
  const removed = newSet(before !== undefined && after === undefined);
  const keys = listKeys(schema);
  const list = (value: Json | undefined) => (Array.isArray(value) ? value : []);
  const descend = (key: string, a: Json | undefined, b: Json | undefined, inner: Schema | undefined) => {
    const below = difference(a, b, inner);
    insert(changed, key, below.changed);
    insert(removed, key, below.removed);
  };
  if ((Array.isArray(before) || Array.isArray(after)) && keys !== undefined) {
    const entries = (value: Json | undefined) =>
      new Map(list(value).map((item) => [entryKey(item, keys, schema), item]));
    const [a, b] = [entries(before), entries(after)];
    for (const key of new Set([...a.keys(), ...b.keys()]))
      descend(key, a.get(key), b.get(key), itemOf(schema));
    return { changed, removed };
  }
  const granular = (value: Json | undefined) => value === undefined || (isObject(value) && !isAtomic(schema));
  const size = (value: Json | undefined) => Object.keys(isObject(value) ? value : {}).length;
  if (granular(before) && granular(after) && size(before) + size(after) > 0) {
    const [a, b] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      descend(`f:${key}`, a[key], b[key], child(schema, key));
    return { changed, removed };
  }
  if (before !== undefined && after !== undefined && !equal(before, after)) changed.self = true;
  return { changed, removed };
}

/** metadata that no manager owns. */
const unowned = [
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "generation",
  "managedFields",
  "resourceVersion",
];

/** An object as its owners are reckoned: without what nobody owns. */
export function owned(object: KubeObject): JsonObject {
  const { kind: _kind, apiVersion: _version, metadata, ...rest } = object;
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !unowned.includes(key)));
  return { metadata: kept, ...rest };
}

/** What is there before an object is: Go's empty one, where its kind has one. */
export function unborn(object: KubeObject, schema: Schema | undefined): JsonObject {
  const message = messageOf(object.apiVersion, object.kind);
  const made: JsonObject = message === undefined ? {} : emptyOf(message);
  withRequired(made, object, schema);
  return { ...made, metadata: {} };
}

function withRequired(made: JsonObject, object: JsonObject, schema: Schema | undefined): void {
  for (const [key, value] of Object.entries(object)) {
    const inner = made[key];
    if (isObject(inner) && isObject(value)) withRequired(inner, value, child(schema, key));
    if (Array.isArray(value) && inner === undefined && schema?.required?.includes(key)) made[key] = [];
  }
}
