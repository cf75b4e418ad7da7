import { canonicalPath, encodedPath, longestTarget, unreadable } from "./path.ts";
import { encodedQuery, isTrue, type Parameters, parameter, parametersOf } from "./query.ts";
import { isRefused, type Refused } from "./refused.ts";

/** What kube-apiserver's authorization calls it. "": none of these. */
export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  | "";

/** What a request's method and target say, with the meaning of kube-apiserver's own RequestInfo. */
export interface RequestInfo {
  readonly method: string;
  /** What is sent to the server: it is read there as it was read here. */
  readonly target: string;
  readonly verb: Verb;
  readonly parameters: Parameters;
  /** Of a request for something of the API's own; undefined: discovery, health and such. */
  readonly object?: ObjectInfo;
  /** Decoded segments of the path. */
  readonly segments: readonly string[];
}

export interface ObjectInfo {
  /** "": the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, in lower case: `pods`. */
  readonly resource: string;
  /** "": the object itself. */
  readonly subresource: string;
  /** "": all namespaces, or what has none. A namespace itself is in none. */
  readonly namespace: string;
  /** "": all of them, or one whose name the body says. */
  readonly name: string;
  /** What follows a subresource. Only proxies have it: a path of somebody else's. */
  readonly rest: readonly string[];
}

/** RFC 1123 labels, as for namespaces; groups are several, parted by dots. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const group = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Names of objects. The server allows RBAC objects more (blanks, `*`); a target of policy could not tell them apart. */
const name = /^[\w.:@~+=,-]{1,253}$/;

const verbs: Readonly<Record<string, Verb>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const ofNamespaces = new Set(["status", "finalize"]);

/**
 * Reads a request's method and target (origin-form, RFC 9112, 3.2.1) by the rules of kube-apiserver
 * (k8s.io/apiserver, endpoints/request, RequestInfoFactory), and refuses what others could read otherwise.
 */
export function requestInfo(method: string, target: string): RequestInfo | Refused {
  if (target.length > longestTarget) return { refused: "its target is too long" };
  const mark = target.indexOf("?");
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const path = canonicalPath(mark < 0 ? target : target.slice(0, mark));
  if (isRefused(path)) return path;
  const { segments } = path;
  const verb = Object.hasOwn(verbs, method) ? (verbs[method] as Verb) : "";
  const read = objectOf(segments);
  if (read && isRefused(read)) return read;
  if (read?.object.subresource === "proxy") {
    // The query is another server's: its own duplicates are none of ours.
    const wrong = unreadable(query);
    if (wrong !== undefined) return { refused: wrong };
    const passed = mark < 0 ? "" : `?${query}`;
    const { object, watch } = read;
    return {
      method,
      target: encodedPath(path) + passed,
      verb: watch ? "" : verb,
      parameters: [],
      object,
      segments,
    };
  }
  const parameters = parametersOf(query);
  if (isRefused(parameters)) return parameters;
  // A trailing slash means nothing in the API (recorded) and something elsewhere: `/logs/`.
  const sent = encodedPath(read ? { segments, slash: false } : path) + encodedQuery(parameters);
  if (!read) return { method, target: sent, verb, parameters, segments };
  const { object, watch } = read;
  return {
    method,
    target: sent,
    verb: refined(verb, object, watch, parameters),
    parameters,
    object,
    segments,
  };
}

/** A list, a watch and a collection's deletion have no method of their own. */
function refined(verb: Verb, object: ObjectInfo, watch: boolean, parameters: Parameters): Verb {
  if (watch) return verb === "get" ? "watch" : "";
  if (object.name !== "") return verb;
  if (verb === "get") return isTrue(parameter(parameters, "watch")) ? "watch" : "list";
  return verb === "delete" ? "deletecollection" : verb;
}

/** undefined: no path of an object. */
function objectOf(
  segments: readonly string[],
): { readonly object: ObjectInfo; readonly watch: boolean } | Refused | undefined {
  const [prefix] = segments;
  const grouped = prefix === "apis";
  const before = grouped ? 3 : 2;
  if ((!grouped && prefix !== "api") || segments.length <= before) return undefined;
  const apiGroup = grouped ? (segments[1] as string) : "";
  const version = segments[before - 1] as string;
  if ((grouped && !group.test(apiGroup)) || !label.test(version))
    return { refused: "its path names no API group and version" };
  const watch = segments[before] === "watch";
  let rest = segments.slice(watch ? before + 1 : before);
  // The server takes `proxy` there for a verb that it no longer serves.
  if (rest.length === 0 || rest[0] === "proxy") return { refused: "its path names no resource" };
  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 1) {
    if (!label.test(rest[1] as string)) return { refused: "its path holds no name of a namespace" };
    if (rest.length > 2 && !ofNamespaces.has(rest[2] as string)) {
      namespace = rest[1] as string;
      rest = rest.slice(2);
    }
  }
  const [resource = "", object = "", subresource = "", ...more] = rest;
  if (!label.test(resource) || (subresource !== "" && !label.test(subresource)))
    return { refused: "its path names no resource" };
  if (object !== "" && !name.test(object)) return { refused: "its path holds no name of an object" };
  if (more.length > 0 && subresource !== "proxy") return { refused: "its path goes on behind a subresource" };
  return {
    object: { group: apiGroup, version, resource, subresource, namespace, name: object, rest: more },
    watch,
  };
}

/** Whether a name from a body may stand in a target. */
export const isName = (text: string): boolean => name.test(text);
