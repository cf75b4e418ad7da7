import { type Action, type Effect, nothing } from "../../../core/plugin.ts";
import { effectOf, isBuiltIn, isOfSelf, resourceToken } from "./effects.ts";
import { isTrue, parameter } from "./query.ts";
import { isName, type ObjectInfo, type RequestInfo } from "./request-info.ts";

/** What every client asks first, and what says only how the server is: nothing of the cluster's own. */
const discovery = new Set([
  "api",
  "apis",
  "version",
  "openapi",
  "healthz",
  "livez",
  "readyz",
  ".well-known",
  "openid",
]);
/** What says more: figures of everything that happens, files of the server's host, its memory. */
const ofServer = new Set(["metrics", "logs", "debug", "flagz", "statusz", "configz"]);

/**
 * What a request does, as far as its method and target tell. What its body adds, `bodyActions` tells.
 *
 * The target is `NAMESPACE/RESOURCE[.GROUP][:SUBRESOURCE]/NAME`: `prod/pods/web`, `prod/pods:exec/web`,
 * `prod/deployments.apps:scale/web`. `*` as namespace: the request is confined to none (all namespaces, or an object
 * that is in none); as name: all of them, or one whose name is not told. Always two slashes, none in a part; no
 * namespace, resource or name holds `/`, `:` stands before the last slash only for a subresource, and only a
 * pattern's `*` matches a `*`: so no name can make one target look like another. `within` is `RESOURCE[.GROUP]`:
 * a right to `pods` is one to all pods and, by the same effect, to their subresources.
 */
export function actionsOf(info: RequestInfo, name = nameOf(info)): readonly Action[] {
  const { object, verb } = info;
  if (!object) return [ofPath(info)];
  const effect = effectOf(object, verb) ?? "unknown";
  const token = resourceToken(object);
  if (effect === "read" && verb === "create" && isOfSelf(token)) return [{ effect, on: nothing }];
  return [actionOn(object, effect, name, traitsOf(info))];
}

/** An action on an object by its target; `subresource` may be one of ours. */
export function actionOn(
  object: ObjectInfo,
  effect: Effect,
  name: string,
  traits: readonly string[] = [],
  subresource = object.subresource,
): Action {
  const within = resourceToken(object);
  const resource = subresource === "" ? within : `${within}:${subresource}`;
  const on = `${object.namespace || "*"}/${resource}/${name}`;
  return { effect, on, within, ...(traits.length === 0 ? {} : { traits }) };
}

/** `*`: not one, or not told. */
export function nameOf({ object, verb, parameters }: RequestInfo): string {
  if (!object) return "*";
  if (object.subresource === "proxy") return proxied(object.name);
  if (object.name !== "") return object.name;
  // As newer servers' own RequestInfo; others (extensions) may not heed the selector at all.
  if (verb === "create" || !isBuiltIn(object.group)) return "*";
  const selector = parameter(parameters, "fieldSelector") ?? "";
  if (selector.includes("\\")) return "*";
  const [first, ...more] = selector
    .split(",")
    .flatMap((term) => /^metadata\.name==?([^=!]+)$/.exec(term)?.[1] ?? []);
  return first !== undefined && more.length === 0 && isName(first) ? first : "*";
}

/** `https:web:8443` is the service `web`. */
function proxied(name: string): string {
  const parts = name.split(":");
  return (parts.length < 3 ? parts[0] : parts.length === 3 ? parts[1] : "*") || "*";
}

function traitsOf({ parameters, object }: RequestInfo): string[] {
  const traits = parameters.flatMap(([name, value]) =>
    name === "dryRun" && value === "All" ? ["dryRun"] : [],
  );
  const streams = object?.subresource === "exec" || object?.subresource === "attach";
  const asked = streams ? ["stdin", "tty"].filter((name) => isTrue(parameter(parameters, name))) : [];
  return [...traits, ...asked];
}

function ofPath({ method, segments }: RequestInfo): Action {
  const [first] = segments;
  const reads = method === "GET" || method === "HEAD";
  if (reads && (first === undefined || discovery.has(first))) return { effect: "read", on: nothing };
  if (reads && ofServer.has(first as string)) return { effect: "read", on: `url:${first}` };
  return { effect: "unknown", on: "*" };
}
