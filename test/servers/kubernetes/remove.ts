import { shown, tableOf } from "./cluster.ts";
import { removeDependents } from "./controllers.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  numberAt,
  objectAt,
  textAt,
  textsAt,
} from "./json.ts";
import { fromProtobuf } from "./protobuf/envelope.ts";
import { list, selectorOf } from "./read.ts";
import { type Answer, isDryRun, type Request } from "./request.ts";
import { ApiError, badRequest, conflict, flaw, forbidden, invalid, notFound } from "./status.ts";

/** What a DeleteOptions says, in the body or in the query. */
interface Options {
  readonly policy: string;
  readonly grace: number | undefined;
  readonly preconditions: JsonObject;
  readonly dry: boolean;
}

export function remove(request: Request): Answer {
  const { cluster, resource, target } = request;
  const options = optionsOf(request);
  const found = cluster.store.get(
    tableOf(resource),
    resource.namespaced ? target.namespace : "",
    target.name,
  );
  if (!found) throw notFound(resource, target.name);
  if (resource.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(target.name))
    throw forbidden(resource, target.name, "this namespace may not be deleted");
  const gone = deleted(request, found, options);
  if (gone.finalized && resource.kind !== "Pod") {
    return {
      code: 200,
      object: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: {
          name: target.name,
          ...(resource.group === "" ? {} : { group: resource.group }),
          kind: resource.resource,
          uid: found.metadata.uid,
        },
      },
    };
  }
  return { code: 200, object: shown(resource, gone.object) };
}

export function removeAll(request: Request): Answer {
  const { cluster, resource, target } = request;
  const options = optionsOf(request);
  const before = list(request);
  const selects = selectorOf(request);
  for (const one of cluster.store.list(tableOf(resource), resource.namespaced ? target.namespace : ""))
    if (selects(one)) deleted(request, one, options);
  return before;
}

/** Deletes it, or marks it where finalizers are left. */
function deleted(
  request: Request,
  found: KubeObject,
  options: Options,
): { finalized: boolean; object: KubeObject } {
  const { cluster, resource } = request;
  checkPreconditions(request, found, options.preconditions);
  const object = structuredClone(found);
  const { metadata } = object;
  const finalizers = [...(metadata.finalizers ?? [])].filter(
    (one) => one !== "orphan" && one !== "foregroundDeletion",
  );
  if (options.policy === "Orphan") finalizers.push("orphan");
  if (options.policy === "Foreground") finalizers.push("foregroundDeletion");
  const table = tableOf(resource);
  const namespace = resource.kind === "Namespace";
  const grace = graceOf(request, object, options.grace);
  if (finalizers.length === 0 && !namespace && grace === 0) {
    if (!options.dry) {
      cluster.store.remove(table, object);
      cluster.kubelet?.stop(object);
      removeDependents(cluster, object);
    }
    return { finalized: true, object };
  }
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  if (metadata.deletionTimestamp) return { finalized: false, object };
  metadata.deletionTimestamp = new Date(Date.now() + grace * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  if (!namespace) metadata.deletionGracePeriodSeconds = grace;
  if (metadata.generation !== undefined) metadata.generation++;
  if (namespace) object.status = { ...objectAt(object, "status"), phase: "Terminating" };
  if (options.dry) return { finalized: false, object };
  const stored = cluster.store.put(table, object);
  queueMicrotask(() => finish(request, stored));
  return { finalized: false, object: stored };
}

function graceOf({ cluster, resource }: Request, object: KubeObject, asked: number | undefined): number {
  if (resource.kind !== "Pod") return 0;
  if (textAt(object, "spec", "nodeName") === "") return 0;
  const grace = asked ?? numberAt(object, "spec", "terminationGracePeriodSeconds");
  return cluster.kubelet || asked === undefined || asked > 0 ? grace : 0;
}

/** What the garbage collector, the namespace controller and the kubelet do once an object is marked. */
function finish(request: Request, marked: KubeObject): void {
  const { cluster, resource } = request;
  const { store } = cluster;
  const table = tableOf(resource);
  if (resource.kind === "Namespace") {
    for (const { table: other, object } of store.everything())
      if (object.metadata.namespace === marked.metadata.name) {
        cluster.kubelet?.stop(object);
        store.remove(other, object);
      }
    store.remove(table, marked);
    return;
  }
  if (resource.kind === "Pod" && (marked.metadata.finalizers ?? []).length === 0) {
    if (!cluster.kubelet) return;
    cluster.kubelet.stop(marked);
    store.remove(table, marked);
    return;
  }
  const current = store.get(table, marked.metadata.namespace ?? "", marked.metadata.name ?? "");
  const finalizers = current?.metadata.finalizers ?? [];
  if (!current || !finalizers.some((one) => one === "foregroundDeletion" || one === "orphan")) return;
  if (finalizers.includes("foregroundDeletion")) removeDependents(cluster, current);
  const rest = finalizers.filter((one) => one !== "foregroundDeletion" && one !== "orphan");
  if (rest.length === 0) store.remove(table, current);
  else store.put(table, { ...current, metadata: { ...current.metadata, finalizers: rest } });
}

function checkPreconditions({ resource }: Request, found: KubeObject, wanted: JsonObject): void {
  const name = found.metadata.name ?? "";
  const uid = wanted.uid;
  if (typeof uid === "string" && uid !== found.metadata.uid)
    throw conflict(
      { group: "", resource: resource.kind },
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${found.metadata.uid}). The object might have been deleted and then recreated`,
    );
  const revision = wanted.resourceVersion;
  if (typeof revision === "string" && revision !== found.metadata.resourceVersion)
    throw conflict(
      { group: "", resource: resource.kind },
      name,
      `the ResourceVersion in the precondition (${revision}) does not match the ResourceVersion in record (${found.metadata.resourceVersion}). The object might have been modified`,
    );
}

function optionsOf(request: Request): Options {
  const { target } = request;
  const body = bodyOf(request);
  const policy = textAt(body, "propagationPolicy") || (target.query.get("propagationPolicy") ?? "");
  if (!["", "Foreground", "Background", "Orphan"].includes(policy))
    throw invalid("DeleteOptions", "meta.k8s.io", "", [
      flaw(
        "NotSupported",
        "propagationPolicy",
        `Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`,
      ),
    ]);
  const grace = body.gracePeriodSeconds ?? target.query.get("gracePeriodSeconds") ?? undefined;
  if (grace !== undefined && !Number.isInteger(Number(grace)))
    throw badRequest(`strconv.ParseInt: parsing "${String(grace)}": invalid syntax`);
  return {
    policy: body.orphanDependents === true ? "Orphan" : policy,
    grace: grace === undefined ? undefined : Number(grace),
    preconditions: objectAt(body, "preconditions"),
    dry: isDryRun(request, "DeleteOptions", textsAt(body, "dryRun")),
  };
}

function bodyOf({ body, contentType }: Request): JsonObject {
  if (body.length === 0) return {};
  if (contentType.includes("protobuf")) return fromProtobuf(body) ?? {};
  try {
    const value: Json = JSON.parse(body.toString());
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new ApiError(400, "couldn't get version/kind; json parse error", "BadRequest");
}
