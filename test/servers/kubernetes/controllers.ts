import { type Cluster, tableOf } from "./cluster.ts";
import {
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  within,
} from "./json.ts";
import type { Resource, Version } from "./resources.ts";

let address = 1;

/** What admission and the registry's strategies add before an object is stored. */
export function afterWrite(cluster: Cluster, object: KubeObject, old: KubeObject | undefined): void {
  switch (object.kind) {
    case "Namespace":
      namespace(object);
      break;
    case "Pod":
      if (!old) pod(object);
      break;
    case "Service":
      service(object, old, cluster.version);
      break;
    case "Job":
      if (!old) job(object, cluster.version);
      break;
  }
}

function namespace(object: KubeObject): void {
  const spec = within(object, "spec");
  if (listAt(spec, "finalizers").length === 0) spec.finalizers = ["kubernetes"];
  if (textAt(object, "status", "phase") === "") object.status = { phase: "Active" };
}

function pod(object: KubeObject): void {
  const spec = within(object, "spec");
  const tolerations = objectsAt(spec, "tolerations");
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
    if (!tolerations.some((one) => one.key === key))
      tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
  spec.tolerations = tolerations;
  spec.priority ??= 0;
  spec.preemptionPolicy ??= "PreemptLowerPriority";
  object.status = { phase: "Pending", qosClass: qualityOf(spec) };
}

function qualityOf(spec: JsonObject): string {
  const all = [...objectsAt(spec, "containers"), ...objectsAt(spec, "initContainers")].map((one) =>
    objectAt(one, "resources"),
  );
  if (
    all.every((one) => Object.keys({ ...objectAt(one, "limits"), ...objectAt(one, "requests") }).length === 0)
  )
    return "BestEffort";
  const guaranteed = all.every((one) => {
    const limits = objectAt(one, "limits");
    const requests = objectAt(one, "requests");
    return ["cpu", "memory"].every(
      (key) => limits[key] !== undefined && (requests[key] ?? limits[key]) === limits[key],
    );
  });
  return guaranteed ? "Guaranteed" : "Burstable";
}

function service(object: KubeObject, old: KubeObject | undefined, version: Version): void {
  const spec = within(object, "spec");
  const before = objectAt(old, "spec");
  if (spec.type !== "ExternalName") {
    spec.clusterIP ??= before.clusterIP ?? `10.0.0.${++address % 250}`;
    spec.clusterIPs ??= before.clusterIPs ?? [spec.clusterIP];
    if (version !== "1.20") {
      spec.ipFamilies ??= ["IPv4"];
      spec.ipFamilyPolicy ??= "SingleStack";
    }
  }
  const status = within(object, "status");
  status.loadBalancer ??= {};
}

function job(object: KubeObject, version: Version): void {
  const uid = object.metadata.uid ?? "";
  const spec = within(object, "spec");
  if (spec.selector !== undefined) return;
  const labels = within(within(within(spec, "template"), "metadata"), "labels");
  for (const prefix of version === "1.20" ? [""] : ["batch.kubernetes.io/", ""]) {
    labels[`${prefix}controller-uid`] = uid;
    labels[`${prefix}job-name`] = object.metadata.name ?? "";
  }
  const key = version === "1.20" ? "controller-uid" : "batch.kubernetes.io/controller-uid";
  spec.selector = { matchLabels: { [key]: uid } };
}

/** What the controllers do once an object is stored. Without a kubelet nothing runs, and they leave it. */
export function finished(cluster: Cluster, resource: Resource, object: KubeObject): void {
  if (
    object.metadata.deletionTimestamp &&
    (object.metadata.finalizers ?? []).length === 0 &&
    object.kind !== "Namespace" &&
    object.kind !== "Pod"
  ) {
    cluster.store.remove(tableOf(resource), object);
    return;
  }
  if (resource.kind === "CustomResourceDefinition") established(cluster, object);
  if (!cluster.kubelet) return;
  if (resource.kind === "Pod") cluster.kubelet.run(cluster, object);
  if (resource.kind === "Deployment") rollOut(cluster, object);
  if (resource.kind === "Namespace")
    cluster.store.get("/serviceaccounts", object.metadata.name ?? "", "default") ??
      account(cluster, object.metadata.name ?? "");
}

function account(cluster: Cluster, namespaceName: string): void {
  cluster.store.put("/serviceaccounts", {
    kind: "ServiceAccount",
    apiVersion: "v1",
    metadata: {
      name: "default",
      namespace: namespaceName,
      uid: crypto.randomUUID(),
      creationTimestamp: cluster.now(),
    },
  });
}

function established(cluster: Cluster, object: KubeObject): void {
  const status = objectAt(object, "status");
  if (isObject(status.acceptedNames) && textAt(status, "acceptedNames", "kind") !== "") return;
  const now = cluster.now();
  queueMicrotask(() => {
    const current = cluster.store.get(
      "apiextensions.k8s.io/customresourcedefinitions",
      "",
      object.metadata.name ?? "",
    );
    if (!current) return;
    current.status = {
      ...objectAt(current, "status"),
      conditions: [
        {
          type: "NamesAccepted",
          status: "True",
          lastTransitionTime: now,
          reason: "NoConflicts",
          message: "no conflicts found",
        },
        {
          type: "Established",
          status: "True",
          lastTransitionTime: now,
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ],
      acceptedNames: objectAt(current, "spec", "names"),
    };
    cluster.store.put("apiextensions.k8s.io/customresourcedefinitions", current);
  });
}

/** A Deployment's ReplicaSet with its pods, all at once, and a status that says it is done. */
function rollOut(cluster: Cluster, deployment: KubeObject): void {
  const { store } = cluster;
  const template = objectAt(deployment, "spec", "template");
  const hash = Bun.hash(JSON.stringify(template)).toString(36).slice(0, 9);
  const namespace = deployment.metadata.namespace ?? "";
  const replicas = numberAt(deployment, "spec", "replicas");
  const status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [
      {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      },
      {
        type: "Progressing",
        status: "True",
        reason: "NewReplicaSetAvailable",
        message: "ReplicaSet has successfully progressed.",
      },
    ],
  };
  const current = objectAt(deployment, "status");
  if (current.observedGeneration === status.observedGeneration && current.replicas === replicas) return;
  const labels = { ...objectAt(template, "metadata", "labels"), "pod-template-hash": hash } as Record<
    string,
    string
  >;
  const own = `${deployment.metadata.name}-${hash}`;
  const sets = store
    .list("apps/replicasets", namespace)
    .filter((one) => one.metadata.ownerReferences?.[0]?.uid === deployment.metadata.uid);
  const revision = String(
    Math.max(
      0,
      ...sets.map((one) => Number(one.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0)),
    ) + (sets.some((one) => one.metadata.name === own) ? 0 : 1),
  );
  for (const old of sets.filter((one) => one.metadata.name !== own)) {
    removeDependents(cluster, old);
    store.put("apps/replicasets", {
      ...old,
      spec: { ...objectAt(old, "spec"), replicas: 0 },
      status: { replicas: 0 },
    });
  }
  const set = store.put("apps/replicasets", {
    kind: "ReplicaSet",
    apiVersion: "apps/v1",
    metadata: {
      ...(sets.find((one) => one.metadata.name === own)?.metadata ?? {
        uid: crypto.randomUUID(),
        creationTimestamp: cluster.now(),
      }),
      name: own,
      namespace,
      labels,
      annotations: { "deployment.kubernetes.io/revision": revision },
      ownerReferences: [ownedBy(deployment)],
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    status: { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: 1 },
  });
  const pods = store
    .list("/pods", namespace)
    .filter((one) => one.metadata.ownerReferences?.[0]?.uid === set.metadata.uid);
  for (const extra of pods.slice(replicas)) store.remove("/pods", extra);
  for (let index = pods.length; index < replicas; index++) {
    const made: KubeObject = {
      kind: "Pod",
      apiVersion: "v1",
      metadata: {
        name: `${own}-${index}${Math.random().toString(36).slice(2, 6)}`,
        namespace,
        uid: crypto.randomUUID(),
        creationTimestamp: cluster.now(),
        labels,
        ownerReferences: [ownedBy(set)],
      },
      spec: structuredClone(objectAt(template, "spec")),
    };
    pod(made);
    cluster.kubelet?.run(cluster, store.put("/pods", made));
  }
  store.put("apps/deployments", {
    ...deployment,
    metadata: {
      ...deployment.metadata,
      annotations: { ...deployment.metadata.annotations, "deployment.kubernetes.io/revision": revision },
    },
    status,
  });
}

function ownedBy(owner: KubeObject) {
  const { name = "", uid = "" } = owner.metadata;
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Deletes what an object owns, and what that owns. */
export function removeDependents(cluster: Cluster, owner: KubeObject): void {
  for (const { table, object } of cluster.store.everything()) {
    if (!object.metadata.ownerReferences?.some((one) => one.uid === owner.metadata.uid)) continue;
    cluster.kubelet?.stop(object);
    cluster.store.remove(table, object);
    removeDependents(cluster, object);
  }
}
