import { namespaceState, shown, tableOf } from "./cluster.ts";
import { afterWrite, finished } from "./controllers.ts";
import { setDefaults } from "./defaults.ts";
import { equal, isObject, type JsonObject, type KubeObject, objectAt, textAt } from "./json.ts";
import { updated } from "./managers.ts";
import { type Answer, bodyObject, isDryRun, managerOf, type Request } from "./request.ts";
import { pruned } from "./schema.ts";
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  flaw,
  forbidden,
  invalid,
  modified,
  notFound,
} from "./status.ts";
import { validate } from "./validation.ts";

export function create(request: Request): Answer {
  const { resource, target } = request;
  const object = bodyObject(request);
  const dry = isDryRun(request, "CreateOptions");
  checkNamespace(object, resource.namespaced ? target.namespace : "");
  if (target.name !== "") throw badRequest("the name of the object is not part of the path of a create");
  return { code: 201, object: created(request, object, dry, undefined) };
}

/** A name that is generated: five letters that make no word. */
function suffix(): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return [...crypto.getRandomValues(new Uint8Array(5))]
    .map((byte) => letters[byte % letters.length])
    .join("");
}

/** Stores a new object. `fields`: managedFields that are settled already (server-side apply). */
export function created(
  request: Request,
  given: KubeObject,
  dry: boolean,
  fields: KubeObject["metadata"]["managedFields"],
): KubeObject {
  const { cluster, resource, target } = request;
  const metadata = given.metadata;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "")
    throw new ApiError(500, "resourceVersion should not be set on objects to be created");
  const object: KubeObject = {
    ...(pruned(given, resource.schema) as KubeObject),
    kind: given.kind,
    apiVersion: given.apiVersion,
  };
  if (resource.namespaced) object.metadata.namespace = target.namespace;
  else delete object.metadata.namespace;
  if (!object.metadata.name && object.metadata.generateName)
    object.metadata.name = object.metadata.generateName + suffix();
  if (resource.namespaced) {
    const state = namespaceState(cluster, target.namespace);
    if (state === "missing") throw notFound({ group: "", resource: "namespaces" }, target.namespace);
    if (state === "terminating") throw terminating(request, object.metadata.name ?? "");
  }
  const now = cluster.now();
  for (const key of [
    "selfLink",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
  ])
    delete object.metadata[key];
  if (!resource.custom) setDefaults(object, cluster.version);
  // A status that a subresource writes is not taken from a create.
  if (resource.subresources.has("status") && resource.kind !== "Node") {
    if (object.kind !== "CustomResourceDefinition") delete object.status;
    if (!resource.custom) setDefaults(object, cluster.version);
  }
  // Newer servers reset the status before they reckon who owns what.
  const { status: _status, ...rest } = object;
  const reset = cluster.version !== "1.20" && resource.subresources.has("status");
  const tracked =
    fields ??
    updated(undefined, reset ? (rest as KubeObject) : object, resource.schema, {
      name: managerOf(request),
      time: now,
    });
  for (const mutate of cluster.mutations) mutate(object, { verb: "create", user: request.user });
  object.metadata.uid = crypto.randomUUID();
  object.metadata.creationTimestamp = now;
  if (hasGeneration(request)) object.metadata.generation = 1;
  if (tracked && tracked.length > 0) object.metadata.managedFields = tracked;
  afterWrite(cluster, object, undefined);
  validate(resource, object);
  if (cluster.store.get(tableOf(resource), object.metadata.namespace ?? "", object.metadata.name ?? ""))
    throw alreadyExists(resource, object.metadata.name ?? "");
  if (dry) return shown(resource, object);
  const stored = cluster.store.put(tableOf(resource), object);
  finished(cluster, resource, stored);
  return shown(resource, stored);
}

function terminating(request: Request, name: string): ApiError {
  const { target, resource } = request;
  const message = `unable to create new content in namespace ${target.namespace} because it is being terminated`;
  const error = forbidden(resource, name, message);
  return new ApiError(403, error.message, "Forbidden", {
    ...error.details,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${target.namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  });
}

const generations = new Set([
  "apps",
  "batch",
  "networking.k8s.io",
  "policy",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
]);

/** Whether a kind counts its generations: pods and what is in the core mostly do not. */
function hasGeneration({ resource, cluster }: Request): boolean {
  if (resource.custom) return true;
  if (resource.kind === "ReplicationController") return true;
  if (resource.kind === "Pod") return cluster.version !== "1.20";
  if (cluster.version === "1.20" && resource.group === "batch") return false;
  return generations.has(resource.group);
}

export function checkNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata.namespace ?? "";
  if (own !== "" && own !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

export function update(request: Request): Answer {
  const { cluster, resource, target } = request;
  const object = bodyObject(request);
  const dry = isDryRun(request, "UpdateOptions");
  checkNamespace(object, resource.namespaced ? target.namespace : "");
  const name = object.metadata.name ?? "";
  if (name !== "" && name !== target.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  object.metadata.name = target.name;
  const before = cluster.store.get(
    tableOf(resource),
    resource.namespaced ? target.namespace : "",
    target.name,
  );
  if (!before) throw notFound(resource, target.name);
  return { code: 200, object: replaced(request, before, object, dry, undefined) };
}

/** Stores an object in place of `before`. `fields`: managedFields that are settled already. */
export function replaced(
  request: Request,
  before: KubeObject,
  given: KubeObject,
  dry: boolean,
  fields: KubeObject["metadata"]["managedFields"],
): KubeObject {
  const { cluster, resource, target } = request;
  const revision = given.metadata.resourceVersion ?? "";
  const name = before.metadata.name ?? "";
  if (given.metadata.uid && given.metadata.uid !== before.metadata.uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${before.metadata.uid}`,
    );
  if (revision !== "" && revision !== before.metadata.resourceVersion)
    throw conflict(resource, name, modified);
  const old = shown(resource, before);
  const object: KubeObject = {
    ...(pruned(given, resource.schema) as KubeObject),
    kind: given.kind,
    apiVersion: given.apiVersion,
  };
  const subresource = target.subresource === "" ? undefined : target.subresource;
  if (!resource.custom) setDefaults(object, cluster.version);
  if (!resource.custom) dropEmpty(object);
  carry(object, old, resource.namespaced);
  partOf(request, object, old);
  const tracking = cluster.version === "1.20" ? undefined : subresource;
  const manager = { name: managerOf(request), time: cluster.now(), subresource: tracking };
  const emptied =
    given.metadata.managedFields?.length === 1 &&
    Object.keys(given.metadata.managedFields[0] ?? {}).length === 0;
  const tracked = fields ?? (emptied ? undefined : updated(old, object, resource.schema, manager));
  for (const mutate of cluster.mutations) mutate(object, { verb: "update", user: request.user });
  if (tracked && tracked.length > 0) object.metadata.managedFields = tracked;
  else delete object.metadata.managedFields;
  if (old.metadata.generation !== undefined && subresource !== "status" && isOther(old, object))
    object.metadata.generation = old.metadata.generation + 1;
  afterWrite(cluster, object, old);
  checkImmutable(resource.group, object, old);
  validate(resource, object);
  object.metadata.resourceVersion = before.metadata.resourceVersion ?? "";
  if (equal(withoutTimes(object), withoutTimes(old))) return old;
  if (dry) return shown(resource, object);
  const stored = cluster.store.put(tableOf(resource), object);
  finished(cluster, resource, stored);
  return shown(resource, stored);
}

/** Nothing is written where nothing changed but the time of an owner. */
function withoutTimes(object: KubeObject): JsonObject {
  const fields = object.metadata.managedFields?.map(({ time: _time, ...rest }) => rest);
  return { ...object, metadata: { ...object.metadata, managedFields: fields } };
}

/** Maps that Go leaves out when they are empty. */
function dropEmpty(object: KubeObject): void {
  const isEmpty = (value: unknown) =>
    typeof value === "object" && value !== null && Object.keys(value).length === 0;
  for (const key of ["labels", "annotations"]) if (isEmpty(object.metadata[key])) delete object.metadata[key];
  for (const key of ["data", "binaryData"]) if (isEmpty(object[key])) delete object[key];
}

/** What a client cannot change is as it was. */
function carry(object: KubeObject, old: KubeObject, namespaced: boolean): void {
  for (const key of [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
  ]) {
    const value = old.metadata[key];
    if (value === undefined) delete object.metadata[key];
    else object.metadata[key] = value;
  }
  if (namespaced && old.metadata.namespace) object.metadata.namespace = old.metadata.namespace;
}

/** A write to the object leaves its status, one to the status all else. */
function partOf({ resource, target }: Request, object: KubeObject, old: KubeObject): void {
  if (!resource.subresources.has("status")) return;
  if (target.subresource === "status") {
    for (const key of Object.keys(object))
      if (!["status", "metadata", "kind", "apiVersion"].includes(key)) delete object[key];
    for (const [key, value] of Object.entries(old))
      if (!["status", "metadata"].includes(key)) object[key] = value;
    if (resource.custom) object.metadata = { ...old.metadata };
  } else if (old.status === undefined) delete object.status;
  else object.status = old.status;
}

function isOther(a: KubeObject, b: KubeObject): boolean {
  const rest = ({ metadata: _metadata, status: _status, ...more }: KubeObject) => more;
  return !equal(rest(a), rest(b));
}

function checkImmutable(group: string, object: KubeObject, old: KubeObject): void {
  const name = object.metadata.name ?? "";
  if (old.immutable === true && (object.kind === "ConfigMap" || object.kind === "Secret")) {
    const field = equal(old.data, object.data) ? "immutable" : "data";
    if (!equal(old.data, object.data) || object.immutable !== true)
      throw invalid(object.kind, "", name, [
        flaw("Forbidden", field, "Forbidden: field is immutable when `immutable` is set"),
      ]);
  }
  if (object.kind === "Secret" && textAt(old, "type") !== textAt(object, "type"))
    throw invalid("Secret", "", name, [
      flaw("Invalid", "type", `Invalid value: "${textAt(object, "type")}": field is immutable`),
    ]);
  const selector = objectAt(object, "spec").selector;
  if (group === "apps" && isObject(selector) && !equal(selector, objectAt(old, "spec").selector))
    throw invalid(object.kind, group, name, [
      flaw("Invalid", "spec.selector", `Invalid value: ${goSelector(selector)}: field is immutable`),
    ]);
}

function goSelector(selector: JsonObject): string {
  const labels = Object.entries(objectAt(selector, "matchLabels")).map(
    ([key, value]) => `"${key}":"${value}"`,
  );
  return `v1.LabelSelector{MatchLabels:map[string]string{${labels.join(", ")}}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}`;
}
