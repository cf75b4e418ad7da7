import type { Effect } from "../../../core/plugin.ts";
import type { ObjectInfo, Verb } from "./request-info.ts";

/** All that the core group has: nobody can add to it. */
const coreResources = new Set(
  (
    "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims " +
    "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services"
  ).split(" "),
);

/** Groups of kube-apiserver itself that hold no pods: what their objects do, their kind says. */
const podless = new Set(
  (
    "admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io authentication.k8s.io authorization.k8s.io " +
    "autoscaling certificates.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io flowcontrol.apiserver.k8s.io " +
    "internal.apiserver.k8s.io networking.k8s.io node.k8s.io policy rbac.authorization.k8s.io resource.k8s.io " +
    "scheduling.k8s.io storage.k8s.io storagemigration.k8s.io"
  ).split(" "),
);
const podful = new Set(["", "apps", "batch", "extensions"]);
const inCore = new Set(["pods", "podtemplates", "replicationcontrollers", "persistentvolumes", "secrets"]);

export const isBuiltIn = (group: string): boolean => podless.has(group) || podful.has(group);

/** What the fields of these objects say changes what a request does: pods, a volume's path, a Secret's type. */
export function bodyMatters({ group, resource, subresource }: ObjectInfo): boolean {
  if (subresource !== "" && subresource !== "ephemeralcontainers") return false;
  return !podless.has(group) && (group !== "" || inCore.has(resource));
}

/** Whoever changes these changes what others may do. */
const grants = new Set(["rbac.authorization.k8s.io", "certificates.k8s.io", "serviceaccounts"]);
/** Whoever changes these changes what the API is, who looks at its requests, or what the cluster is made of. */
const defines = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "node.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
  "podsecuritypolicies.policy",
  "podsecuritypolicies.extensions",
  "ingressclasses.networking.k8s.io",
  "deviceclasses.resource.k8s.io",
  "namespaces",
  "nodes",
]);

/** Created to ask something: nothing is kept. */
const questions = new Set([
  "tokenreviews.authentication.k8s.io",
  "selfsubjectreviews.authentication.k8s.io",
  "selfsubjectaccessreviews.authorization.k8s.io",
  "selfsubjectrulesreviews.authorization.k8s.io",
  "subjectaccessreviews.authorization.k8s.io",
  "localsubjectaccessreviews.authorization.k8s.io",
]);

type ByVerb = Partial<Readonly<Record<Verb, Effect>>>;

const changing = (effect: Effect): ByVerb => ({ get: "read", update: effect, patch: effect });
const running = (effect: Effect): ByVerb => ({ get: effect, create: effect });
const passing = (effect: Effect): ByVerb => ({
  ...{ get: effect, create: effect, update: effect, patch: effect, delete: effect },
  deletecollection: effect,
});

/** What is not here is `unknown`: a subresource may do anything. */
const subresources: Readonly<Record<string, ByVerb>> = {
  "pods:log": { get: "read" },
  "pods:exec": running("execute"),
  "pods:attach": running("execute"),
  "pods:portforward": running("connect"),
  "pods:ephemeralcontainers": changing("execute"),
  "pods:resize": changing("write"),
  "pods:binding": { create: "write" },
  "pods:eviction": { create: "delete" },
  "pods:proxy": passing("connect"),
  "services:proxy": passing("connect"),
  // The kubelet's own API, which runs commands in any container of the node.
  "nodes:proxy": passing("execute"),
  "serviceaccounts:token": { create: "grant" },
  "namespaces:finalize": { update: "define" },
  "certificatesigningrequests.certificates.k8s.io:approval": changing("grant"),
};

/** `pods`, `deployments.apps`: as RBAC and kubectl write a resource with its group. */
export function resourceToken({ group, resource }: ObjectInfo): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** Whether it is created to ask something: then it has no name. */
export const isQuestion = (object: ObjectInfo): boolean => questions.has(resourceToken(object));

/** Whether it only asks what the caller itself may do and is. */
export const isOfSelf = (token: string): boolean => questions.has(token) && token.startsWith("selfsubject");

/** undefined: cannot be told. */
export function effectOf(object: ObjectInfo, verb: Verb): Effect | undefined {
  const token = resourceToken(object);
  if (object.group === "" && !coreResources.has(object.resource)) return undefined;
  const { subresource } = object;
  if (subresource === "") return effectOfVerb(token, object, verb);
  const table = subresources[`${token}:${subresource}`];
  if (table) return table[verb];
  if (subresource !== "status" && subresource !== "scale") return undefined;
  return changing(changeOf(token, object, "write"))[verb];
}

function effectOfVerb(token: string, object: ObjectInfo, verb: Verb): Effect | undefined {
  switch (verb) {
    case "get":
    case "list":
    case "watch":
      return "read";
    case "create":
      return questions.has(token) ? "read" : changeOf(token, object, "write");
    case "update":
    case "patch":
      return changeOf(token, object, "write");
    case "delete":
    case "deletecollection":
      return changeOf(token, object, "delete");
    case "":
      return undefined;
  }
}

function changeOf(token: string, { group }: ObjectInfo, otherwise: Effect): Effect {
  if (grants.has(token) || grants.has(group)) return "grant";
  return defines.has(token) || defines.has(group) ? "define" : otherwise;
}
