import { createHmac, randomBytes } from "node:crypto";
import type { Authorizer, Rule } from "./authorization.ts";
import { accountGroups, authenticated, type User } from "./identity.ts";
import { type JsonObject, type KubeObject, objectAt, textAt } from "./json.ts";
import type { Kubelet } from "./kubelet.ts";
import { type Resource, Resources, type Version } from "./resources.ts";
import { Store } from "./store.ts";

/** A hook of the kind of a mutating webhook: it may change what a request would store. */
export type Mutation = (object: KubeObject, request: { readonly verb: string; readonly user: User }) => void;

/** All that one API server holds. */
export interface Cluster {
  readonly version: Version;
  readonly store: Store;
  readonly resources: Resources;
  readonly authorizer: Authorizer;
  /** Runs before an object is stored, dry runs included. */
  readonly mutations: Mutation[];
  /** Where pods run; without one they stay Pending. */
  readonly kubelet: Kubelet | undefined;
  readonly issuer: string;
  user(token: string): User | undefined;
  /** A token for a service account: good while the account is there, and what the claims bind it to, and until they say. */
  issue(namespace: string, account: string, uid: string, claims: JsonObject): string;
  now(): string;
}

export interface ClusterOptions {
  readonly version?: Version;
  /** User by bearer token. */
  readonly tokens?: Readonly<Record<string, User>>;
  /** Rules by user or group name. */
  readonly rules?: Readonly<Record<string, readonly Rule[]>>;
  readonly kubelet?: Kubelet;
  /** Of tokens of service accounts, and the audience they are for. */
  readonly issuer?: string;
}

export function newCluster(options: ClusterOptions): Cluster {
  const store = new Store();
  const version = options.version ?? "1.34";
  const issuer = options.issuer ?? "https://kubernetes.default.svc";
  const key = randomBytes(32);
  const issued = new Map<string, { readonly user: User; readonly claims: JsonObject }>();
  const cluster: Cluster = {
    version,
    store,
    resources: new Resources(version),
    authorizer: { table: options.rules ?? {}, store },
    mutations: [],
    kubelet: options.kubelet,
    issuer,
    user(token) {
      const found = issued.get(token);
      return (
        options.tokens?.[token] ?? (found && isBoundToLiving(found.claims, store) ? found.user : undefined)
      );
    },
    issue(namespace, account, uid, claims) {
      const name = `system:serviceaccount:${namespace}:${account}`;
      const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const content = `${part({ alg: "HS256", kid: "test" })}.${part({ iss: issuer, sub: name, jti: randomBytes(16).toString("hex"), ...claims })}`;
      const token = `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
      issued.set(token, { user: authenticated(name, accountGroups(namespace), uid), claims });
      return token;
    },
    now: () => new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  };
  seed(cluster);
  store.listen(({ table }) => {
    if (table === definitionsTable) cluster.resources.define(store.list(definitionsTable));
  });
  return cluster;
}

/** As kube-apiserver checks the private claims of such a token, at each use (KEP-1205). */
function isBoundToLiving(claims: JsonObject, store: Store): boolean {
  if (Number(claims.exp) * 1000 <= Date.now()) return false;
  const bound = objectAt(claims, "kubernetes.io");
  const namespace = textAt(bound, "namespace");
  return (["serviceaccount", "secret", "pod"] as const).every((kind) => {
    const uid = textAt(bound, kind, "uid");
    return uid === "" || store.get(`/${kind}s`, namespace, textAt(bound, kind, "name"))?.metadata.uid === uid;
  });
}

export const definitionsTable = "apiextensions.k8s.io/customresourcedefinitions";

/** The key of a resource's objects in the store: the same for every version of its group. */
export function tableOf({ group, resource }: Pick<Resource, "group" | "resource">): string {
  return `${group}/${resource}`;
}

/** An object as this version of its kind shows it. */
export function shown(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return { ...object, kind: resource.kind, apiVersion };
}

function seed(cluster: Cluster): void {
  const { store } = cluster;
  const now = cluster.now();
  const meta = (name: string, namespace?: string) => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: crypto.randomUUID(),
    creationTimestamp: now,
  });
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) {
    store.put("/namespaces", {
      kind: "Namespace",
      apiVersion: "v1",
      metadata: {
        ...meta(name),
        managedFields: [
          {
            manager: "kube-apiserver",
            operation: "Update",
            apiVersion: "v1",
            time: now,
            fieldsType: "FieldsV1",
            fieldsV1: { "f:status": { "f:phase": {} } },
          },
        ],
        ...(cluster.version === "1.20" ? {} : { labels: { "kubernetes.io/metadata.name": name } }),
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }
  store.put("/services", {
    kind: "Service",
    apiVersion: "v1",
    metadata: {
      ...meta("kubernetes", "default"),
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: 6443 }],
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      type: "ClusterIP",
      sessionAffinity: "None",
    },
    status: { loadBalancer: {} },
  });
  if (!cluster.kubelet) return;
  store.put("/nodes", {
    kind: "Node",
    apiVersion: "v1",
    metadata: meta(cluster.kubelet.node),
    spec: {},
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      nodeInfo: { kubeletVersion: `v${cluster.version}.0` },
    },
  });
}

/** What a namespace's objects are kept from: it is gone, or going. */
export function namespaceState(cluster: Cluster, namespace: string): "missing" | "terminating" | "active" {
  const found = cluster.store.get("/namespaces", "", namespace);
  if (!found) return "missing";
  return textAt(found, "status", "phase") === "Terminating" ? "terminating" : "active";
}
