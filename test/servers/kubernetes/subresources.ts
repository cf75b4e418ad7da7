import { tableOf } from "./cluster.ts";
import { selectorText } from "./columns.ts";
import { finished } from "./controllers.ts";
import { at, isObject, type JsonObject, type KubeObject, numberAt, objectAt, textAt } from "./json.ts";
import { patch } from "./modify.ts";
import { mergePatch } from "./patch.ts";
import { get } from "./read.ts";
import { remove } from "./remove.ts";
import { type Answer, bodyObject, isDryRun, type Request } from "./request.ts";
import { tokenRequest } from "./reviews.ts";
import { badRequest, conflict, modified, noRoute, notAllowed, notFound } from "./status.ts";
import { update } from "./write.ts";

/** A request to `…/NAME/SUBRESOURCE`, but for those that stream. */
export function subresource(request: Request): Answer {
  const { resource, target, method } = request;
  if (!resource.subresources.has(target.subresource)) throw noRoute();
  switch (target.subresource) {
    case "status":
    case "ephemeralcontainers":
    case "finalize":
      if (method === "GET") return get(request);
      if (method === "PUT") return update(request);
      if (method === "PATCH") return patch(request);
      throw notAllowed();
    case "scale":
      return scale(request);
    case "binding":
      return bind(request);
    case "eviction":
      return evict(request);
    case "token":
      return tokenRequest(request);
    default:
      throw noRoute();
  }
}

function existing({ cluster, resource, target }: Request): KubeObject {
  const found = cluster.store.get(
    tableOf(resource),
    resource.namespaced ? target.namespace : "",
    target.name,
  );
  if (!found) throw notFound(resource, target.name);
  return found;
}

/** Where the replicas of an object are: a custom resource says so itself. */
function pathsOf({ resource }: Request): { spec: string[]; status: string[] } {
  if (!resource.custom) return { spec: ["spec", "replicas"], status: ["status", "replicas"] };
  const versions = at(resource.custom, "spec", "versions");
  const version = Array.isArray(versions)
    ? versions.find((one) => textAt(one, "name") === resource.version)
    : undefined;
  const path = (key: string) => textAt(version, "subresources", "scale", key).split(".").slice(1);
  return { spec: path("specReplicasPath"), status: path("statusReplicasPath") };
}

function scaleOf(request: Request, object: KubeObject): KubeObject {
  const paths = pathsOf(request);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = objectAt(object, "spec", "selector");
  const meta = { name, namespace, uid, resourceVersion, creationTimestamp };
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== undefined)),
    spec: numberAt(object, ...paths.spec) === 0 ? {} : { replicas: numberAt(object, ...paths.spec) },
    status: {
      replicas: numberAt(object, ...paths.status),
      ...(request.resource.custom ? {} : { selector: selectorText(selector) }),
    },
  };
}

function scale(request: Request): Answer {
  const { cluster, resource, method } = request;
  const object = existing(request);
  const now = scaleOf(request, object);
  if (method === "GET") return { code: 200, object: now };
  if (method !== "PUT" && method !== "PATCH") throw notAllowed();
  const dry = isDryRun(request, "UpdateOptions");
  const wanted = method === "PUT" ? bodyObject(request, "Scale", "autoscaling/v1") : patched(request, now);
  const revision = textAt(wanted, "metadata", "resourceVersion");
  if (revision !== "" && revision !== object.metadata.resourceVersion)
    throw conflict(resource, request.target.name, modified);
  const { spec } = pathsOf(request);
  let holder: JsonObject = object;
  for (const key of spec.slice(0, -1)) {
    const inner = holder[key];
    if (!isObject(inner)) throw badRequest("there is nothing to scale");
    holder = inner;
  }
  const replicas = numberAt(wanted, "spec", "replicas");
  const key = spec.at(-1) ?? "replicas";
  if (holder[key] === replicas) return { code: 200, object: now };
  holder[key] = replicas;
  if (object.metadata.generation !== undefined) object.metadata.generation++;
  if (dry) return { code: 200, object: scaleOf(request, object) };
  const stored = cluster.store.put(tableOf(resource), object);
  finished(cluster, resource, stored);
  return { code: 200, object: scaleOf(request, stored) };
}

function patched({ body }: Request, now: KubeObject): JsonObject {
  const result = mergePatch(now, JSON.parse(body.toString()));
  return isObject(result) ? result : {};
}

const success: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

function bind(request: Request): Answer {
  const { cluster, resource, method } = request;
  if (method !== "POST") throw notAllowed();
  const binding = bodyObject(request, "Binding", "v1");
  const pod = existing(request);
  const spec = objectAt(pod, "spec");
  if (textAt(spec, "nodeName") !== "")
    throw conflict(
      { group: "", resource: "pods/binding" },
      request.target.name,
      `pod ${request.target.name} is already assigned to node "${textAt(spec, "nodeName")}"`,
    );
  if (isDryRun(request, "CreateOptions")) return { code: 201, object: success };
  const conditions = [
    { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: cluster.now() },
  ];
  cluster.store.put(tableOf(resource), {
    ...pod,
    spec: { ...spec, nodeName: textAt(binding, "target", "name") },
    status: { ...objectAt(pod, "status"), conditions },
  });
  return { code: 201, object: success };
}

function evict(request: Request): Answer {
  if (request.method !== "POST") throw notAllowed();
  const version = request.cluster.version === "1.20" ? "policy/v1beta1" : "policy/v1";
  const eviction = bodyObject(request, "Eviction", version);
  existing(request);
  const options = objectAt(eviction, "deleteOptions");
  remove({ ...request, contentType: "application/json", body: Buffer.from(JSON.stringify(options)) });
  return { code: 201, object: success };
}
