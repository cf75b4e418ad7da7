import {
  common,
  difference,
  type FieldSet,
  fromFields,
  isEmpty,
  newSet,
  owned,
  setFields,
  toFields,
  unborn,
  union,
  without,
} from "./fields.ts";
import { isObject, type Json, type JsonObject, type KubeObject, type ManagedField } from "./json.ts";
import { child, isAtomic, itemOf, listKeys, type Schema } from "./schema.ts";
import { ApiError } from "./status.ts";

/** Who writes, as managedFields names it. */
export interface Manager {
  readonly name: string;
  readonly time: string;
  readonly subresource?: string | undefined;
}

/** managedFields after an update: what changed is the writer's, and nobody else's any more. */
export function updated(
  before: KubeObject | undefined,
  after: KubeObject,
  schema: Schema | undefined,
  manager: Manager,
): ManagedField[] | undefined {
  const list = before?.metadata.managedFields ?? (before ? undefined : []);
  // Objects that nobody tracks stay so, as in the real server, until something is applied.
  if (list === undefined) return undefined;
  const from = before ? owned(before) : unborn(after, schema);
  const { changed, removed } = difference(from, owned(after), schema);
  if (isEmpty(changed) && isEmpty(removed)) return list;
  const taken = union(changed, removed);
  const mine = list.find((one) => isUpdateBy(one, manager, after));
  const rest = list
    .filter((one) => one !== mine)
    .map((one) => ({ one, set: without(fromFields(one.fieldsV1), taken) }))
    .filter(({ set }) => !isEmpty(set))
    .map(({ one, set }) => ({ ...one, fieldsV1: toFields(set) }));
  const own = without(union(mine ? fromFields(mine.fieldsV1) : newSet(), changed), removed);
  if (isEmpty(own)) return rest;
  return sorted([...rest, entry("Update", manager, after.apiVersion, own, mine, changed)]);
}

function isUpdateBy(one: ManagedField, manager: Manager, object: KubeObject): boolean {
  return (
    one.manager === manager.name &&
    one.operation === "Update" &&
    one.apiVersion === object.apiVersion &&
    one.subresource === manager.subresource
  );
}

function entry(
  operation: "Apply" | "Update",
  manager: Manager,
  apiVersion: string,
  set: FieldSet,
  old: ManagedField | undefined,
  changed: FieldSet,
): ManagedField {
  return {
    manager: manager.name,
    operation,
    apiVersion,
    time: old?.time !== undefined && isEmpty(changed) ? old.time : manager.time,
    fieldsType: "FieldsV1",
    fieldsV1: toFields(set),
    ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
  };
}

function sorted(list: ManagedField[]): ManagedField[] {
  return list.toSorted(
    (a, b) =>
      a.operation.localeCompare(b.operation) ||
      (a.time ?? "").localeCompare(b.time ?? "") ||
      a.manager.localeCompare(b.manager),
  );
}

const clientSide = "kubectl-client-side-apply";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Server-side apply: the object merged, with who owns what. Conflicts are 409 unless forced. */
export function apply(
  live: KubeObject | undefined,
  patch: KubeObject,
  schema: Schema | undefined,
  manager: Manager,
  force: boolean,
): KubeObject {
  const before = live ? (live.metadata.managedFields ?? untracked(live, schema)) : [];
  const { metadata, ...content } = owned(patch);
  const wanted = isObject(metadata) && Object.keys(metadata).length > 0 ? { metadata, ...content } : content;
  const set = setFields(wanted, schema);
  set.self = false;
  const mine = before.find((one) => one.manager === manager.name && one.operation === "Apply");
  const merged = live ? (overlay(live, patch, schema) as KubeObject) : structuredClone(patch);
  keepLastApplied(live, patch, merged, manager);
  const { changed } = difference(live ? owned(live) : undefined, owned(merged), schema);
  const others = before.filter((one) => one !== mine);
  const rivals = others.filter((one) => manager.name !== "kubectl" || one.manager !== clientSide);
  const conflicts = rivals.flatMap((one) =>
    paths(common(fromFields(one.fieldsV1), common(set, changed))).map((path) => ({ one, path })),
  );
  if (conflicts.length > 0 && !force) throw conflicted(conflicts);
  const lost = mine ? without(fromFields(mine.fieldsV1), set) : newSet();
  const kept = others.reduce((rest, one) => without(rest, fromFields(one.fieldsV1)), lost);
  drop(merged, kept, schema);
  const rest = others
    .map((one) => ({ one, left: without(fromFields(one.fieldsV1), common(set, changed)) }))
    .filter(({ left }) => !isEmpty(left))
    .map(({ one, left }) => ({ ...one, fieldsV1: toFields(left) }));
  const grown = mine ? without(set, fromFields(mine.fieldsV1)) : set;
  const list = isEmpty(set)
    ? rest
    : [
        ...rest,
        entry("Apply", manager, patch.apiVersion, set, mine, union(union(grown, lost), common(changed, set))),
      ];
  merged.metadata.managedFields = sorted(list);
  return merged;
}

/** kubectl that turns from its own apply to the server's: the annotation of the old way goes on telling the truth. */
function keepLastApplied(
  live: KubeObject | undefined,
  patch: KubeObject,
  merged: KubeObject,
  { name }: Manager,
): void {
  const annotations = live?.metadata.annotations;
  if (name !== "kubectl" || annotations?.[lastApplied] === undefined) return;
  const text = `${JSON.stringify(ordered(patch))}\n`;
  merged.metadata.annotations = { ...annotations, ...merged.metadata.annotations, [lastApplied]: text };
}

function ordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, ordered(one ?? null)]));
}

function untracked(live: KubeObject, schema: Schema | undefined): ManagedField[] {
  const { changed } = difference(unborn(live, schema), owned(live), schema);
  return [
    {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion: live.apiVersion,
      ...(live.metadata.creationTimestamp ? { time: live.metadata.creationTimestamp } : {}),
      fieldsType: "FieldsV1",
      fieldsV1: toFields(changed),
    },
  ];
}

function conflicted(conflicts: readonly { one: ManagedField; path: string }[]): ApiError {
  const causes = conflicts.map(({ one, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${describe(one)}`,
    field: path,
  }));
  const count = conflicts.length;
  const lines =
    count === 1
      ? `conflict with ${describe(conflicts[0]?.one)}: ${conflicts[0]?.path}`
      : `conflicts with ${describe(conflicts[0]?.one)}:\n${conflicts.map(({ path }) => `- ${path}`).join("\n")}`;
  return new ApiError(
    409,
    `Apply failed with ${count} conflict${count === 1 ? "" : "s"}: ${lines}`,
    "Conflict",
    { causes },
  );
}

function describe(one: ManagedField | undefined): string {
  if (one === undefined) return "";
  const using = one.operation === "Update" ? ` using ${one.apiVersion}` : "";
  return `"${one.manager}"${using}`;
}

/** `.data.k`, `.spec.containers[name="c"].image`. */
function paths(set: FieldSet, path = ""): string[] {
  const below = [...set].flatMap(([key, inner]) => paths(inner, path + step(key)));
  return set.self && path !== "" ? [path, ...below] : below;
}

function step(key: string): string {
  if (key.startsWith("f:")) return `.${key.slice(2)}`;
  if (key.startsWith("v:")) return `[=${key.slice(2)}]`;
  const keys: JsonObject = JSON.parse(key.slice(2));
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

function overlay(live: Json | undefined, patch: Json, schema: Schema | undefined): Json {
  const keys = listKeys(schema);
  if (Array.isArray(patch) && keys !== undefined && Array.isArray(live)) {
    const isSame = (a: Json, b: Json) =>
      keys === "set" || !isObject(a) || !isObject(b)
        ? a === b
        : keys.every((key) => (a[key] ?? b[key]) === b[key]);
    const merged = live.map((one) => {
      const wanted = patch.find((other) => isSame(other, one));
      return wanted === undefined ? one : overlay(one, wanted, itemOf(schema));
    });
    return [...merged, ...patch.filter((one) => !live.some((other) => isSame(one, other)))];
  }
  if (!isObject(patch) || !isObject(live) || isAtomic(schema)) return patch;
  const result: JsonObject = { ...live };
  for (const [key, value] of Object.entries(patch))
    if (value !== undefined) result[key] = overlay(live[key], value, child(schema, key));
  return result;
}

/** Takes away what nobody owns any more. */
function drop(value: Json | undefined, set: FieldSet, schema: Schema | undefined): void {
  for (const [key, below] of set) {
    if (key.startsWith("f:") && isObject(value)) {
      const name = key.slice(2);
      const inner = value[name];
      if (below.self && !(isObject(inner) && below.size > 0)) delete value[name];
      else drop(inner, below, child(schema, name));
      if (below.self && isObject(value[name]) && Object.keys(value[name]).length === 0) delete value[name];
    } else if (Array.isArray(value)) {
      const wanted: Json = JSON.parse(key.slice(2));
      const index = value.findIndex((one) =>
        isObject(wanted) && isObject(one)
          ? Object.entries(wanted).every(([name, key]) => one[name] === key)
          : one === wanted,
      );
      if (index < 0) continue;
      if (below.self) value.splice(index, 1);
      else drop(value[index], below, itemOf(schema));
    }
  }
}
