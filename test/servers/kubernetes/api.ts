import { permits } from "./authorization.ts";
import type { Cluster } from "./cluster.ts";
import { type Document, discover, paths } from "./discovery.ts";
import { refusal, type User } from "./identity.ts";
import { type JsonObject, type KubeObject, objectsAt, textAt } from "./json.ts";
import { negotiate, written } from "./media.ts";
import { patch } from "./modify.ts";
import { openApi } from "./openapi.ts";
import { get, list } from "./read.ts";
import { remove, removeAll } from "./remove.ts";
import type { Answer, Request } from "./request.ts";
import type { Resource } from "./resources.ts";
import { reviews } from "./reviews.ts";
import { forbidden, noRoute, notAllowed } from "./status.ts";
import { subresource } from "./subresources.ts";
import { partial, tableOf } from "./table.ts";
import { type Target, targetOf } from "./target.ts";
import { create, update } from "./write.ts";

/** What the HTTP side hands over: headers by lower-case name, body read. */
export interface Incoming {
  readonly method: string;
  readonly url: string;
  readonly accept: string;
  readonly contentType: string;
  readonly agent: string;
  readonly ifNoneMatch: string;
  readonly body: Buffer;
}

/** 403 where this user may not: every request is authorized, found or not. */
export function authorize(cluster: Cluster, user: User, target: Target): void {
  const { group, version, resource, subresource, name, namespace, verb, path } = target;
  if (!target.isResource) {
    if (permits(cluster.authorizer, user, { verb, path })) return;
    throw refusal(user, { verb, path });
  }
  if (permits(cluster.authorizer, user, { verb, group, version, resource, subresource, name, namespace }))
    return;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const scope = namespace === "" || resource === "namespaces" ? "" : ` in the namespace "${namespace}"`;
  const where =
    resource === "namespaces" && name !== ""
      ? ` in the namespace "${namespace}"`
      : scope || " at the cluster scope";
  throw forbidden(
    { group, resource },
    name,
    `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${where}`,
  );
}

/** The resource that a request is for; 404 where the server has no such thing. */
export function resourceOf(cluster: Cluster, target: Target): Resource {
  const found = cluster.resources.find(target.group, target.version, target.resource);
  if (!found) throw noRoute();
  if (found.namespaced && target.namespace === "" && target.name !== "") throw noRoute();
  return found;
}

/** Answers a request that does not stream. */
export function answer(cluster: Cluster, user: User, incoming: Incoming): Document {
  const target = targetOf(incoming.method, incoming.url);
  authorize(cluster, user, target);
  if (!target.isResource || !cluster.resources.find(target.group, target.version, target.resource)) {
    const document =
      discover(cluster, incoming.method, target.path, incoming.accept, target.query.has("verbose")) ??
      openApi(cluster, target.path, incoming.accept, incoming.ifNoneMatch);
    if (document) return document;
    if (target.path.startsWith("/api/") || target.path.startsWith("/apis/")) {
      const group = target.path.split("/")[2] ?? "";
      if (target.path.startsWith("/apis/") && !cluster.resources.hasGroup(group))
        return {
          code: 404,
          type: "text/plain; charset=utf-8",
          body: "404 page not found\n",
          headers: { "X-Content-Type-Options": "nosniff" },
        };
      throw noRoute();
    }
    return { code: 404, type: "application/json", body: JSON.stringify({ paths: paths(cluster) }, null, 2) };
  }
  const resource = resourceOf(cluster, target);
  const request: Request = { cluster, user, target, resource, ...incoming };
  const result = answered(request);
  return rendered(request, result);
}

function answered(request: Request): Answer {
  const { target, resource, method } = request;
  const review = reviews[resource.kind];
  if (review) return review(request);
  if (target.subresource !== "") return subresource(request);
  const verb = {
    create: "create",
    get: "get",
    list: "list",
    update: "update",
    patch: "patch",
    delete: "delete",
    deletecollection: "deletecollection",
  }[target.verb];
  const collection = target.name === "";
  const fits = collection ? ["create", "list", "deletecollection"] : ["get", "update", "patch", "delete"];
  if (verb === undefined || !fits.includes(verb) || !resource.verbs.includes(verb)) throw notAllowed();
  if (resource.namespaced && target.namespace === "" && verb !== "list") throw notAllowed();
  if (method === "HEAD") throw notAllowed();
  negotiate(request.accept, false, !resource.custom);
  switch (verb) {
    case "create":
      return create(request);
    case "get":
      return get(request);
    case "list":
      return list(request);
    case "update":
      return update(request);
    case "patch":
      return patch(request);
    case "delete":
      return remove(request);
    default:
      return removeAll(request);
  }
}

/** The bytes of an answer, in the form that was asked for. */
function rendered(request: Request, { code, object, headers }: Answer): Document {
  const { target, resource } = request;
  const how = negotiate(request.accept, isPretty(request), !resource.custom);
  const { type, body } = written(shaped(request, object, how.shape, how.version, target), how);
  return { code, type, body, ...(headers ? { headers } : {}) };
}

function shaped(
  request: Request,
  object: JsonObject,
  shape: string,
  version: string,
  target: Target,
): JsonObject {
  if (shape === "object" || object.kind === "Status") return object;
  const rows =
    object.items === undefined ? [object as KubeObject] : (objectsAt(object, "items") as KubeObject[]);
  const isList = object.items !== undefined;
  const whole = rows.map((row) =>
    isList ? { ...row, kind: request.resource.kind, apiVersion: textAt(object, "apiVersion") } : row,
  );
  if (shape === "Table") {
    const metadata = isList
      ? (object.metadata as JsonObject)
      : { resourceVersion: whole[0]?.metadata.resourceVersion };
    return tableOf(
      request.resource,
      whole,
      metadata,
      version,
      target.query.get("includeObject") ?? "Metadata",
    );
  }
  if (!isList) return partial(whole[0] as KubeObject, version);
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata ?? {},
    items: whole.map((row) => partial(row, version)),
  };
}

/** Indented for `pretty=1`, and for those who browse: curl, wget and Mozilla. */
export function isPretty({ target, agent }: Pick<Request, "target" | "agent">): boolean {
  const asked = target.query.get("pretty");
  if (asked !== null) return asked !== "false" && asked !== "0";
  return /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}
