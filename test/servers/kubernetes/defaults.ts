import {
  at,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  objectAt,
  objectsAt,
  textAt,
  within,
} from "./json.ts";
import type { Version } from "./resources.ts";

/** Fills in what the real server fills in (SetDefaults_ functions) for the kinds that tests write. */
export function setDefaults(object: KubeObject, version: Version): void {
  fill(object, version);
  // Go 1.24 leaves a time out that is zero; before, it was null.
  if (version !== "1.20") withoutNullTimes(object);
}

function withoutNullTimes(value: Json): void {
  if (Array.isArray(value)) value.forEach(withoutNullTimes);
  if (!isObject(value)) return;
  if (value.creationTimestamp === null) delete value.creationTimestamp;
  for (const one of Object.values(value)) if (one !== undefined) withoutNullTimes(one);
}

function fill(object: KubeObject, version: Version): void {
  const spec = object.spec;
  switch (object.kind) {
    case "Namespace":
      object.status ??= { phase: "Active" };
      if (version !== "1.20" && object.metadata.name)
        object.metadata.labels = {
          ...object.metadata.labels,
          "kubernetes.io/metadata.name": object.metadata.name,
        };
      break;
    case "Pod":
      if (isObject(spec)) podSpec(spec, true);
      break;
    case "PodTemplate":
      template(object, "template");
      break;
    case "Secret":
      object.type ??= "Opaque";
      stringData(object);
      break;
    case "Service":
      if (isObject(spec)) service(spec, version);
      break;
    case "Deployment":
      if (isObject(spec)) deployment(spec);
      break;
    case "ReplicaSet":
    case "ReplicationController":
      if (isObject(spec)) {
        spec.replicas ??= 1;
        template(spec, "template");
        if (object.kind === "ReplicationController")
          spec.selector ??= { ...objectAt(spec, "template", "metadata", "labels") };
      }
      break;
    case "DaemonSet":
      if (isObject(spec)) {
        template(spec, "template");
        rolling(spec, "updateStrategy", { maxUnavailable: 1, maxSurge: 0 });
        spec.revisionHistoryLimit ??= 10;
      }
      break;
    case "StatefulSet":
      if (isObject(spec)) {
        spec.replicas ??= 1;
        template(spec, "template");
        spec.podManagementPolicy ??= "OrderedReady";
        rolling(spec, "updateStrategy", { partition: 0 });
        spec.revisionHistoryLimit ??= 10;
      }
      break;
    case "Job":
      if (isObject(spec)) job(spec);
      break;
    case "CronJob":
      if (isObject(spec)) {
        spec.concurrencyPolicy ??= "Allow";
        spec.suspend ??= false;
        spec.successfulJobsHistoryLimit ??= 3;
        spec.failedJobsHistoryLimit ??= 1;
        const inner = within(spec, "jobTemplate");
        created(within(inner, "metadata"));
        template(within(inner, "spec"), "template");
      }
      break;
    case "RoleBinding":
    case "ClusterRoleBinding":
      binding(object);
      break;
    case "HorizontalPodAutoscaler":
      if (isObject(spec)) {
        spec.minReplicas ??= 1;
        if (object.apiVersion.endsWith("/v1")) spec.targetCPUUtilizationPercentage ??= 80;
      }
      break;
    case "CustomResourceDefinition":
      if (isObject(spec)) definition(object, spec);
      break;
    case "NetworkPolicy":
      if (isObject(spec)) spec.policyTypes ??= spec.egress ? ["Ingress", "Egress"] : ["Ingress"];
      break;
    case "TokenRequest":
      if (isObject(spec)) spec.expirationSeconds ??= 3600;
      break;
  }
  if (hasStatus.has(object.kind)) object.status ??= {};
}

/** Kinds whose status is a struct in Go: it is there, if empty. */
const hasStatus = new Set([
  "DaemonSet",
  "Deployment",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
  "Job",
  "CronJob",
  "Pod",
  "Service",
  "Ingress",
  "PersistentVolumeClaim",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "ResourceQuota",
  "Node",
]);

function created(metadata: JsonObject): void {
  metadata.creationTimestamp ??= null;
}

function template(holder: JsonObject, key: string): void {
  const one = within(holder, key);
  created(within(one, "metadata"));
  podSpec(within(one, "spec"), false);
}

function podSpec(spec: JsonObject, pod: boolean): void {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  if (pod) spec.enableServiceLinks ??= true;
  const account = spec.serviceAccountName;
  if (account) spec.serviceAccount ??= account;
  const lists = [
    ...objectsAt(spec, "containers"),
    ...objectsAt(spec, "initContainers"),
    ...objectsAt(spec, "ephemeralContainers"),
  ];
  for (const container of lists) {
    container.resources ??= {};
    container.terminationMessagePath ??= "/dev/termination-log";
    container.terminationMessagePolicy ??= "File";
    container.imagePullPolicy ??= /:(?!latest$)[^/]+$|@/.test(textAt(container, "image"))
      ? "IfNotPresent"
      : "Always";
    for (const port of objectsAt(container, "ports")) {
      port.protocol ??= "TCP";
      if (spec.hostNetwork === true) port.hostPort ??= port.containerPort;
    }
    for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
      const one = container[probe];
      if (!isObject(one)) continue;
      one.timeoutSeconds ??= 1;
      one.periodSeconds ??= 10;
      one.successThreshold ??= 1;
      one.failureThreshold ??= 3;
    }
    for (const variable of objectsAt(container, "env")) {
      const field = at(variable, "valueFrom", "fieldRef");
      if (isObject(field)) field.apiVersion ??= "v1";
    }
  }
  for (const volume of objectsAt(spec, "volumes")) {
    for (const kind of ["secret", "configMap", "projected", "downwardAPI"]) {
      const source = volume[kind];
      if (isObject(source)) source.defaultMode ??= 420;
    }
    const host = volume.hostPath;
    if (isObject(host)) host.type ??= "";
    if (Object.keys(volume).length === 1) volume.emptyDir = {};
  }
}

function stringData(object: KubeObject): void {
  const clear = object.stringData;
  if (!isObject(clear)) return;
  const data = within(object, "data");
  for (const [key, value] of Object.entries(clear)) data[key] = Buffer.from(String(value)).toString("base64");
  delete object.stringData;
}

function service(spec: JsonObject, version: Version): void {
  spec.sessionAffinity ??= "None";
  spec.type ??= "ClusterIP";
  if (version !== "1.20" && spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  for (const port of objectsAt(spec, "ports")) {
    port.protocol ??= "TCP";
    port.targetPort ??= port.port;
  }
}

function rolling(spec: JsonObject, key: string, limits: JsonObject): void {
  const strategy = within(spec, key);
  strategy.type ??= "RollingUpdate";
  if (strategy.type !== "RollingUpdate") return;
  const rollingUpdate = within(strategy, "rollingUpdate");
  for (const [name, value] of Object.entries(limits)) rollingUpdate[name] ??= value;
}

function deployment(spec: JsonObject): void {
  spec.replicas ??= 1;
  template(spec, "template");
  rolling(spec, "strategy", { maxUnavailable: "25%", maxSurge: "25%" });
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function job(spec: JsonObject): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  template(spec, "template");
}

function binding(object: KubeObject): void {
  const role = within(object, "roleRef");
  role.apiGroup ??= "rbac.authorization.k8s.io";
  for (const subject of objectsAt(object, "subjects"))
    if (subject.kind !== "ServiceAccount") subject.apiGroup ??= "rbac.authorization.k8s.io";
}

function definition(object: KubeObject, spec: JsonObject): void {
  spec.conversion ??= { strategy: "None" };
  const names = within(spec, "names");
  names.singular ??= textAt(names, "kind").toLowerCase();
  names.listKind ??= `${textAt(names, "kind")}List`;
  const stored = objectsAt(spec, "versions").find((version) => version.storage === true);
  if (at(object, "status", "storedVersions") === undefined)
    within(object, "status").storedVersions = stored ? [textAt(stored, "name")] : [];
}
