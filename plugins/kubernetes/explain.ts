import { type Action, PosternError } from "../../core/plugin.ts";
import { classifyRequest, hiddenActions, isRefused } from "./request/index.ts";

/** How a verb of kube-apiserver's authorization is asked for. */
const methods: Readonly<Record<string, string>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
};

/**
 * What a text would do, as `postern policy explain` and policy tests ask: `VERB TARGET`, with a target as rules name it
 * (`get prod/pods/web`, `create prod/pods:exec/web`, `list prod/secrets/*`), or a request
 * (`GET /api/v1/namespaces/prod/pods/web`); behind either, where that matters, the object as JSON. Throws PosternError
 * `kubernetes.text`.
 */
export function classifyText(text: string): readonly Action[] {
  const [, verb = "", target = "", body = ""] =
    /^([A-Za-z]+)\s+(\S+)(?:\s+(\{.*))?$/s.exec(text.trim()) ?? [];
  const request = target.startsWith("/") ? ([verb, target] as const) : requestOf(verb, target);
  if (!request || !/^[A-Z]+$/.test(request[0])) throw noRequest();
  const fields = body === "" ? [] : ["content-type", "application/json"];
  const classified = classifyRequest(request[0], request[1], fields, Buffer.from(body));
  if (isRefused(classified)) throw noRequest(classified.refused);
  return classified.ask?.needed ? hiddenActions(classified.info) : classified.actions;
}

/** undefined: the text is no target, or there is no such verb. The version of a group's API says nothing to policy. */
function requestOf(verb: string, target: string): readonly [method: string, target: string] | undefined {
  const method = Object.hasOwn(methods, verb) ? methods[verb] : undefined;
  const path = /^url:(\w+)$/.exec(target)?.[1];
  if (method !== undefined && path !== undefined) return [method, `/${path}`];
  const [, namespace, resource = "", group, subresource, name] =
    /^([-a-z0-9]+|\*)\/([-a-z0-9]+)(?:\.([-.a-z0-9]+))?(?::([-a-z]+))?\/([^/]+)$/.exec(target) ?? [];
  if (method === undefined || namespace === undefined || name === undefined) return undefined;
  const segments = [
    group === undefined ? "api/v1" : `apis/${group}/v1`,
    ...(namespace === "*" ? [] : [`namespaces/${namespace}`]),
    resource,
    ...(name === "*" || (verb === "create" && subresource === undefined) ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return [method, `/${segments.join("/")}${verb === "watch" ? "?watch=true" : ""}`];
}

function noRequest(why?: string): PosternError {
  return new PosternError(
    "kubernetes.text",
    why === undefined ? "The text is no request to a cluster." : `No such request would pass: ${why}.`,
    {
      hint: "Write it as `get prod/pods/web` or `GET /api/v1/namespaces/prod/pods/web`, with the object as JSON behind it where that matters.",
    },
  );
}
