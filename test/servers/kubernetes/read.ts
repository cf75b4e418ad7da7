import { type Cluster, shown, tableOf } from "./cluster.ts";
import { isObject, type Json, type JsonObject, type KubeObject, objectAt } from "./json.ts";
import type { Answer, Request } from "./request.ts";
import { ApiError, badRequest, expired, flaw, invalid, notFound } from "./status.ts";
import { fieldSelector, labelSelector } from "./store.ts";

export function get(request: Request): Answer {
  const { cluster, resource, target } = request;
  checkRevision(target.query.get("resourceVersion"), cluster);
  const found = cluster.store.get(
    tableOf(resource),
    resource.namespaced ? target.namespace : "",
    target.name,
  );
  if (!found) throw notFound(resource, target.name);
  return { code: 200, object: shown(resource, found) };
}

/** A revision still to come is waited for, and then 504: no test waits, so it is told at once. */
function checkRevision(asked: string | null, { version, store }: Cluster): void {
  const { revision } = store;
  if (asked === null || asked === "" || asked === "0") return;
  if (!/^\d+$/.test(asked))
    throw new ApiError(
      version === "1.20" ? 500 : 400,
      `${version === "1.20" ? "" : "invalid resource version: "}resourceVersion: Invalid value: "${asked}": strconv.ParseUint: parsing "${asked}": invalid syntax`,
      version === "1.20" ? undefined : "BadRequest",
    );
  if (Number(asked) > revision)
    throw new ApiError(
      504,
      `Timeout: Too large resource version: ${asked}, current: ${revision}`,
      "Timeout",
      {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    );
}

/** Which objects of a table a request selects. */
export function selectorOf({ target, resource }: Request): (object: KubeObject) => boolean {
  const labels = labelSelector(target.query.get("labelSelector") ?? "");
  const text = target.query.get("fieldSelector") ?? "";
  for (const part of text.split(",").filter((one) => one !== "")) {
    const field = /^([^=!]+)(==|=|!=)/.exec(part)?.[1] ?? part;
    if (!selectable(resource.kind, field))
      throw badRequest(
        known.has(resource.kind)
          ? `field label not supported: ${field}`
          : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
  }
  const fields = text === "" ? () => true : fieldSelector(text);
  const named = target.name === "" || target.verb === "get" ? undefined : target.name;
  return (object) =>
    labels(objectAt(object, "metadata", "labels")) &&
    fields(object) &&
    (named === undefined || object.metadata.name === named);
}

const known = new Set(["Pod", "Event", "Secret", "Namespace", "ReplicaSet", "Job", "Node"]);
const more: Readonly<Record<string, RegExp>> = {
  Pod: /^(spec\.(nodeName|restartPolicy|schedulerName|serviceAccountName)|status\.(phase|podIP|podIPs|nominatedNodeName))$/,
  Event: /^(involvedObject\.\w+|reason|source|type|reportingComponent)$/,
  Secret: /^type$/,
  Namespace: /^(status\.phase|name)$/,
  Node: /^spec\.unschedulable$/,
  ReplicaSet: /^status\.replicas$/,
  ReplicationController: /^status\.replicas$/,
  Job: /^status\.successful$/,
};

function selectable(kind: string, field: string): boolean {
  return field === "metadata.name" || field === "metadata.namespace" || more[kind]?.test(field) === true;
}

export function list(request: Request): Answer {
  const { cluster, resource, target } = request;
  const { query } = target;
  const limit = numberOf(query.get("limit"));
  const token = query.get("continue") ?? "";
  const namespace = resource.namespaced ? target.namespace : "";
  const table = tableOf(resource);
  const selects = selectorOf(request);
  let revision = cluster.store.revision;
  let start = "";
  checkMatch(query.get("resourceVersionMatch"), query.get("resourceVersion"), token);
  if (token !== "") {
    if ((query.get("resourceVersion") ?? "") !== "")
      throw badRequest("specifying resource version is not allowed when using continue");
    const parsed = fromToken(token);
    revision = parsed.rv === -1 ? revision : parsed.rv;
    start = parsed.start;
  } else checkRevision(query.get("resourceVersion"), cluster);
  if (query.get("resourceVersionMatch") === "Exact") revision = Number(query.get("resourceVersion"));
  const all = cluster.store.listAt(table, namespace, revision);
  if (!all)
    throw token === ""
      ? expired(`The resourceVersion for the provided list is too old.`)
      : expiredToken(start, cluster.store.revision, namespace);
  const after = all.filter((one) => start === "" || keyOf(one, target.namespace) >= start);
  const rows = after.filter(selects);
  const page = limit > 0 ? rows.slice(0, limit) : rows;
  const rest = rows.length - page.length;
  const last = page.at(-1);
  const selecting = (query.get("labelSelector") ?? "") !== "" || (query.get("fieldSelector") ?? "") !== "";
  return {
    code: 200,
    object: {
      kind: `${resource.kind}List`,
      apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
      metadata: {
        resourceVersion: String(revision),
        ...(rest > 0 && last
          ? {
              continue: toToken(revision, keyOf(last, target.namespace)),
              ...(selecting ? {} : { remainingItemCount: rest }),
            }
          : {}),
      },
      items: page.map((one) => itemOf(one, resource.custom !== undefined, shown(resource, one))),
    },
  };
}

/** Items of a list do not say what they are, but for custom ones. */
function itemOf(object: KubeObject, custom: boolean, whole: KubeObject): JsonObject {
  if (custom) return whole;
  const { kind: _kind, apiVersion: _version, ...item } = object;
  return item;
}

function keyOf(object: KubeObject, namespace: string): string {
  return namespace === "" && object.metadata.namespace
    ? `${object.metadata.namespace}/${object.metadata.name}`
    : (object.metadata.name ?? "");
}

function toToken(rv: number, last: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv, start: `${last}\0` })).toString("base64url");
}

function fromToken(token: string): { rv: number; start: string } {
  try {
    const value: Json = JSON.parse(Buffer.from(token, "base64url").toString());
    if (isObject(value) && typeof value.rv === "number" && typeof value.start === "string")
      return { rv: value.rv, start: value.start };
  } catch {
    // Said below.
  }
  throw badRequest("continue key is not valid: invalid character '\\u009e' looking for beginning of value");
}

function expiredToken(start: string, revision: number, _namespace: string): ApiError {
  const inconsistent = Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: -1, start })).toString(
    "base64url",
  );
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  return new ExpiredToken(error, inconsistent, revision);
}

class ExpiredToken extends ApiError {
  constructor(
    error: ApiError,
    private readonly token: string,
    _revision: number,
  ) {
    super(410, error.message, "Expired");
  }

  override get status(): JsonObject {
    return { ...super.status, metadata: { continue: this.token } };
  }
}

function numberOf(text: string | null): number {
  if (text === null || text === "") return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function checkMatch(match: string | null, revision: string | null, token: string): void {
  if (match === null || match === "") return;
  const wrong = (reason: "Invalid" | "Forbidden" | "NotSupported", message: string) =>
    invalid("ListOptions", "meta.k8s.io", "", [flaw(reason, "resourceVersionMatch", message)]);
  if ((revision ?? "") === "")
    throw wrong(
      "Forbidden",
      "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
    );
  if (token !== "")
    throw wrong("Forbidden", "Forbidden: resourceVersionMatch is forbidden when continue is provided");
  if (match !== "Exact" && match !== "NotOlderThan")
    throw wrong(
      "NotSupported",
      `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
    );
  if (match === "Exact" && revision === "0")
    throw wrong("Forbidden", 'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
}
