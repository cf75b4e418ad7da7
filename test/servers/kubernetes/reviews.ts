import { permits, type Rule, rulesFor, type Wanted } from "./authorization.ts";
import { type Json, type JsonObject, type KubeObject, objectAt, textAt, textsAt } from "./json.ts";
import { updated } from "./managers.ts";
import { type Answer, bodyObject, managerOf, type Request } from "./request.ts";
import { badRequest, conflict, flaw, invalid, notAllowed, notFound } from "./status.ts";

/** Kinds that are asked and answered, and never stored. */
export const reviews: Readonly<Record<string, (request: Request) => Answer>> = {
  SelfSubjectAccessReview: (request) => access(request, request.user.name, request.user.groups),
  SubjectAccessReview: (request) => ofOther(request),
  LocalSubjectAccessReview: (request) => ofOther(request),
  SelfSubjectRulesReview: rules,
  TokenReview: token,
  SelfSubjectReview: (request) =>
    answered(request, bodyObject(request), {
      userInfo: info(request.user.name, request.user.groups, request.user.uid),
    }),
};

function answered(request: Request, object: KubeObject, status: JsonObject, tracked = true): Answer {
  if (request.method !== "POST") throw notAllowed();
  const old = request.cluster.version === "1.20";
  object.metadata = { ...object.metadata, creationTimestamp: old ? null : request.cluster.now() };
  delete object.metadata.managedFields;
  delete object.status;
  const manager = { name: managerOf(request), time: request.cluster.now() };
  const fields = tracked ? updated(undefined, object, request.resource.schema, manager) : undefined;
  if (fields && fields.length > 0) object.metadata.managedFields = fields;
  return { code: 201, object: { ...object, status } };
}

function wantedOf(spec: JsonObject): Wanted {
  const resource = objectAt(spec, "resourceAttributes");
  const other = objectAt(spec, "nonResourceAttributes");
  if (spec.resourceAttributes === undefined)
    return { verb: textAt(other, "verb"), path: textAt(other, "path") };
  return {
    verb: textAt(resource, "verb"),
    group: textAt(resource, "group"),
    resource: textAt(resource, "resource"),
    subresource: textAt(resource, "subresource"),
    name: textAt(resource, "name"),
    namespace: textAt(resource, "namespace"),
  };
}

function access(request: Request, name: string, groups: readonly string[]): Answer {
  const object = bodyObject(request);
  const spec = objectAt(object, "spec");
  const both = spec.resourceAttributes != null && spec.nonResourceAttributes != null;
  const none = spec.resourceAttributes == null && spec.nonResourceAttributes == null;
  if (both || none) {
    const shown = both ? "" : 'Invalid value: "null": ';
    const kind = request.cluster.version === "1.20" ? "" : object.kind;
    throw invalid(kind, "authorization.k8s.io", "", [
      flaw(
        "Invalid",
        "spec.resourceAttributes",
        `${shown}exactly one of nonResourceAttributes or resourceAttributes must be specified`,
      ),
    ]);
  }
  const allowed = permits(request.cluster.authorizer, { name, groups }, wantedOf(spec));
  return answered(
    request,
    object,
    allowed ? { allowed, reason: "RBAC: allowed by the test server's rules" } : { allowed },
  );
}

function ofOther(request: Request): Answer {
  const spec = objectAt(bodyObject(request), "spec");
  return access(request, textAt(spec, "user"), textsAt(spec, "groups"));
}

function rules(request: Request): Answer {
  const object = bodyObject(request);
  const namespace = textAt(object, "spec", "namespace");
  if (namespace === "") throw badRequest("no namespace on request");
  const own = rulesFor(request.cluster.authorizer, request.user, namespace);
  const resource = (rule: Rule): JsonObject => ({
    verbs: [...rule.verbs],
    apiGroups: [...(rule.groups ?? [])],
    resources: [...(rule.resources ?? [])],
    ...(rule.names && rule.names.length > 0 ? { resourceNames: [...rule.names] } : {}),
  });
  object.spec = {};
  return answered(
    request,
    object,
    {
      resourceRules: own.filter((rule) => rule.resources && rule.resources.length > 0).map(resource),
      nonResourceRules: own
        .filter((rule) => rule.paths && rule.paths.length > 0)
        .map((rule) => ({ verbs: [...rule.verbs], nonResourceURLs: [...(rule.paths ?? [])] })),
      incomplete: false,
    },
    false,
  );
}

function token(request: Request): Answer {
  const object = bodyObject(request);
  const user = request.cluster.user(textAt(object, "spec", "token"));
  const status: JsonObject = user
    ? {
        authenticated: true,
        user: info(user.name, user.groups, user.uid),
        audiences: [request.cluster.issuer],
      }
    : { user: {}, error: "[invalid bearer token, token lookup failed]" };
  return answered(request, object, status);
}

function info(username: string, groups: readonly string[], uid: string | undefined): JsonObject {
  return { username, ...(uid === undefined ? {} : { uid }), groups: [...groups] };
}

/** POST serviceaccounts/NAME/token. */
export function tokenRequest(request: Request): Answer {
  const { cluster, target } = request;
  if (request.method !== "POST") throw notAllowed();
  const object = bodyObject(request, "TokenRequest", "authentication.k8s.io/v1");
  const account = cluster.store.get("/serviceaccounts", target.namespace, target.name);
  if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, target.name);
  const spec = objectAt(object, "spec");
  const seconds = Number(spec.expirationSeconds ?? 3600);
  if (seconds < 600)
    throw invalid("TokenRequest", "authentication.k8s.io", "", [
      flaw(
        "Invalid",
        "spec.expirationSeconds",
        `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
      ),
    ]);
  const audiences = textsAt(spec, "audiences");
  const own = audiences.length > 0 ? audiences : [cluster.issuer];
  const bound = spec.boundObjectRef ?? null;
  const expires = Math.floor(Date.now() / 1000) + seconds;
  const issued = cluster.issue(target.namespace, target.name, account.metadata.uid ?? "", {
    aud: own,
    exp: expires,
    "kubernetes.io": {
      namespace: target.namespace,
      serviceaccount: { name: target.name, uid: account.metadata.uid ?? "" },
      ...boundTo(request, bound),
    },
  });
  object.spec = { ...(audiences.length > 0 ? { audiences } : {}), expirationSeconds: seconds };
  const answer = answered(request, object, {
    token: issued,
    expirationTimestamp: new Date(expires * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
  });
  return {
    ...answer,
    object: { ...answer.object, spec: { audiences: own, expirationSeconds: seconds, boundObjectRef: bound } },
  };
}

/** The claim that binds a token to a Pod or a Secret; its uid is the object's where the request names none. */
function boundTo({ cluster, target }: Request, bound: Json): JsonObject {
  if (bound === null) return {};
  const [kind, name, uid] = [textAt(bound, "kind"), textAt(bound, "name"), textAt(bound, "uid")];
  const resource = kind === "Pod" ? "pods" : "secrets";
  const object = cluster.store.get(`/${resource}`, target.namespace, name);
  if (!object) throw notFound({ group: "", resource }, name);
  if (uid !== "" && object.metadata.uid !== uid)
    throw conflict(
      { group: "", resource },
      name,
      "the UID in the bound object reference does not match the UID in record",
    );
  return { [kind.toLowerCase()]: { name, uid: object.metadata.uid ?? "" } };
}
