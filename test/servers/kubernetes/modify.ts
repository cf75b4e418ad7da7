import { shown, tableOf } from "./cluster.ts";
import { isObject, type Json, type JsonObject, type KubeObject } from "./json.ts";
import { apply } from "./managers.ts";
import { jsonPatch, mergePatch, strategicPatch } from "./patch.ts";
import { type Answer, isDryRun, managerOf, type Request } from "./request.ts";
import { unknownFields } from "./schema.ts";
import { ApiError, badRequest, conflict, flaw, invalid, modified, notFound } from "./status.ts";
import { checkNamespace, created, replaced } from "./write.ts";

const kinds = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
} as const;

/** PATCH of an object or of its status. */
export function patch(request: Request): Answer {
  const { cluster, resource, target } = request;
  const type = request.contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const kind = kinds[type as keyof typeof kinds];
  if (kind === undefined || (kind === "strategic" && resource.custom)) throw unsupported(request, type);
  const dry = isDryRun(request, "PatchOptions");
  if (kind === "apply") return applied(request, dry);
  if (target.query.get("force") !== null)
    throw invalid("PatchOptions", "meta.k8s.io", "", [
      flaw("Forbidden", "force", "Forbidden: may not be specified for non-apply patch"),
    ]);
  const table = tableOf(resource);
  const before = cluster.store.get(table, resource.namespaced ? target.namespace : "", target.name);
  if (!before) throw notFound(resource, target.name);
  const old = shown(resource, before);
  const body = parsedPatch(request, kind);
  const { metadata, ...rest } = old;
  const whole: JsonObject = { ...rest, metadata: structuredClone(metadata) };
  const result =
    kind === "json"
      ? jsonPatch(whole, Array.isArray(body) ? body.filter(isObject) : [])
      : kind === "merge"
        ? mergePatch(whole, body)
        : strategicPatch(whole, body, resource.schema);
  if (!isObject(result) || !isObject(result.metadata)) throw badRequest("the patch leaves no object");
  const object = result as KubeObject;
  if (object.metadata.resourceVersion !== before.metadata.resourceVersion && object.metadata.resourceVersion)
    throw conflict(resource, target.name, modified);
  if (object.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${object.metadata.name ?? ""}) does not match the name on the URL (${target.name})`,
    );
  checkNamespace(object, resource.namespaced ? target.namespace : "");
  strict(request, object);
  return { code: 200, object: replaced(request, before, object, dry, undefined) };
}

function strict({ cluster, target, resource }: Request, object: KubeObject): void {
  if (cluster.version === "1.20" || target.query.get("fieldValidation") !== "Strict") return;
  const flaws = unknownFields(object, resource.schema).map((path) => `unknown field "${path}"`);
  if (flaws.length > 0)
    throw new ApiError(
      422,
      ` "" is invalid: patch: Invalid value: strict decoding error: ${flaws.join(", ")}`,
      "Invalid",
      {
        causes: flaws.map((message) => ({ reason: "FieldValueInvalid", message, field: "patch" })),
      },
    );
}

function unsupported({ resource }: Request, type: string): ApiError {
  const known = Object.keys(kinds);
  if (known.includes(type)) {
    const accepted = known.filter((one) => !(resource.custom && one.includes("strategic")));
    return new ApiError(
      415,
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
      "UnsupportedMediaType",
    );
  }
  if (
    type === "application/json" ||
    type === "application/yaml" ||
    type === "application/vnd.kubernetes.protobuf"
  )
    return new ApiError(
      415,
      `the body of the request was in an unknown format - accepted media types include: ${known.filter((one) => !(resource.custom && one.includes("strategic"))).join(", ")}`,
      "UnsupportedMediaType",
    );
  return new ApiError(415, "415: Unsupported Media Type", "UnsupportedMediaType", {});
}

function parsedPatch({ body }: Request, kind: string): Json {
  const text = body.toString();
  try {
    const value: Json = JSON.parse(text);
    if (kind === "json" && !Array.isArray(value))
      throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    return value;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // The real server decodes a merge patch where it no longer tells whose fault it is.
    if (kind === "merge") throw new ApiError(500, "Invalid JSON Patch");
    throw badRequest(
      `invalid character '${text.trimStart()[1] ?? ""}' looking for beginning of object key string`,
    );
  }
}

function applied(request: Request, dry: boolean): Answer {
  const { cluster, resource, target, body } = request;
  if (!target.query.get("fieldManager"))
    throw invalid("PatchOptions", "meta.k8s.io", "", [
      flaw("Required", "fieldManager", "Required value: is required for apply patch"),
    ]);
  let parsed: Json;
  try {
    parsed = Bun.YAML.parse(body.toString()) as Json;
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(parsed)) throw badRequest("error decoding YAML: no object");
  const given: KubeObject = {
    ...parsed,
    kind: String(parsed.kind ?? ""),
    apiVersion: String(parsed.apiVersion ?? ""),
    metadata: isObject(parsed.metadata) ? { ...parsed.metadata } : {},
  };
  if (given.metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (given.metadata.name !== undefined && given.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${given.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  checkNamespace(given, resource.namespaced ? target.namespace : "");
  strict(request, given);
  given.metadata.name = target.name;
  if (resource.namespaced) given.metadata.namespace = target.namespace;
  const before = cluster.store.get(
    tableOf(resource),
    resource.namespaced ? target.namespace : "",
    target.name,
  );
  const manager = {
    name: managerOf(request),
    time: cluster.now(),
    subresource: cluster.version === "1.20" || target.subresource === "" ? undefined : target.subresource,
  };
  const live = before ? shown(resource, before) : undefined;
  const merged = apply(live, given, resource.schema, manager, target.query.get("force") === "true");
  const fields = merged.metadata.managedFields;
  return before
    ? { code: 200, object: replaced(request, before, merged, dry, fields) }
    : { code: 201, object: created(request, merged, dry, fields) };
}
