import type { Effect, Examined, HandedOut, Permit, Right } from "../../core/plugin.ts";
import type { KubernetesConfig } from "./config.ts";
import { ClusterAdmin } from "./credentials/cluster.ts";
import { tokenMaker } from "./credentials/index.ts";

/** What kube-apiserver's authorization is asked about (authorization.k8s.io/v1, ResourceAttributes). */
interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Rights that are asked about; a policy hands out a few dozen. */
const mostAsked = 100;

/** A verb that each effect comes with, enough to tell whether it is allowed at all. */
const verbs: Partial<Readonly<Record<Effect, string>>> = {
  read: "get",
  write: "update",
  delete: "delete",
  execute: "create",
  connect: "create",
};

/** Whether the cluster answers, and what the gateway's own login may do there. Throws PosternError `resource.*`. */
export async function examine(permit: Permit<KubernetesConfig>, { rights }: HandedOut): Promise<Examined[]> {
  const credential = await permit.credential();
  const secret = { label: "", read: async () => credential?.value ?? "" };
  const cluster = new ClusterAdmin(permit.config, credential?.value ? secret : undefined);
  try {
    const said = await cluster.ask("GET", "/version");
    const version = said.object.gitVersion;
    if (said.status === 401) return [unknownLogin];
    if (said.status !== 200 || typeof version !== "string") return [noCluster(said.status)];
    const found: Examined[] = [{ state: "ok", message: `it answers, as Kubernetes ${version.slice(0, 40)}` }];
    if (await may(cluster, { verb: "*", group: "*", resource: "*" })) found.push(adminOfAll);
    if (credential?.id === tokenMaker || permit.config.impersonate) return found;
    const asked = rights.flatMap((right) => attributesOf(right).map((attributes) => ({ right, attributes })));
    for (const { right, attributes } of asked.slice(0, mostAsked)) {
      if (!(await may(cluster, attributes))) found.push(handsOutMore(right, attributes));
    }
    if (asked.length > mostAsked) {
      found.push({
        state: "warn",
        message: `only ${mostAsked} of ${asked.length} rights were asked about`,
        hint: "Ask for the others with `kubectl auth can-i`.",
      });
    }
    if (asked.length > 0 && found.length === 1)
      found.push({ state: "ok", message: "the gateway's login may do what the rules hand out" });
    return found;
  } finally {
    cluster.close();
  }
}

/** The objects that a right names; what it leaves open (an effect alone, discovery, `url:`) is not asked about. */
function attributesOf({ effect, on = [] }: Right): Attributes[] {
  const verb = verbs[effect];
  if (verb === undefined) return [];
  return on.flatMap((pattern) => {
    const [, namespace = "*", resource, group = "", subresource, name = "*"] =
      /^(?:([-a-z0-9]+|\*)\/)?([-a-z0-9]+)(?:\.([-.a-z0-9]+))?(?::([-a-z]+))?(?:\/([^/*]+|\*))?$/.exec(
        pattern,
      ) ?? [];
    if (resource === undefined || resource === "url") return [];
    const part =
      subresource ?? (effect === "execute" ? "exec" : effect === "connect" ? "portforward" : undefined);
    return [
      {
        verb,
        group,
        resource,
        ...(part === undefined ? {} : { subresource: part }),
        ...(namespace === "*" ? {} : { namespace }),
        ...(name === "*" ? {} : { name }),
      },
    ];
  });
}

async function may(cluster: ClusterAdmin, resourceAttributes: Attributes): Promise<boolean> {
  const { object } = await cluster.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  });
  return (object.status as { readonly allowed?: unknown } | undefined)?.allowed === true;
}

const unknownLogin: Examined = {
  state: "fail",
  message: "the cluster does not know the gateway's login",
  hint: "Give the resource a credential that is good: a service account's token, or a client certificate.",
};

const adminOfAll: Examined = {
  state: "warn",
  message: "the gateway's login may do everything there: it is the cluster's admin",
  hint: "Give it what the rules hand out and no more, or `impersonate`, or serviceAccountToken().",
};

function noCluster(status: number): Examined {
  return {
    state: "fail",
    message: `what answers there is no cluster's API server (${status} to /version)`,
    hint: "Check the resource's url.",
  };
}

function handsOutMore(
  { label }: Right,
  { verb, resource, group, subresource, namespace }: Attributes,
): Examined {
  const kind = `${resource}${group === "" ? "" : `.${group}`}${subresource === undefined ? "" : `/${subresource}`}`;
  const where = namespace === undefined ? "all namespaces" : namespace;
  return {
    state: "warn",
    message: `a rule hands out ${label}, and the gateway's login may not ${verb} ${kind} in ${where}`,
    hint: "Give it the right with a Role of the cluster's, or take it out of the policy.",
  };
}
