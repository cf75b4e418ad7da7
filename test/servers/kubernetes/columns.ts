import {
  at,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  textsAt,
} from "./json.ts";

/** Name, type, whether `-o wide` alone shows it, and the cell. */
export type Column = readonly [
  name: string,
  type: string,
  wide: boolean,
  cell: (object: KubeObject, now: number) => Json,
];

const none = "<none>";
export const age: Column = ["Age", "string", false, (one, now) => since(one.metadata.creationTimestamp, now)];
export const name: Column = ["Name", "string", false, (one) => one.metadata.name ?? ""];
const containers = (path: readonly string[]): readonly Column[] => [
  ["Containers", "string", true, (one) => joined(objectsAt(one, ...path, "containers"), "name")],
  ["Images", "string", true, (one) => joined(objectsAt(one, ...path, "containers"), "image")],
];
const inTemplate = containers(["spec", "template", "spec"]);
const selector: Column = [
  "Selector",
  "string",
  true,
  (one) => selectorText(objectAt(one, "spec", "selector")),
];

export const columns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [name, ["Status", "string", false, (one) => textAt(one, "status", "phase")], age],
  ConfigMap: [name, ["Data", "string", false, (one) => size(one, "data") + size(one, "binaryData")], age],
  Secret: [
    name,
    ["Type", "string", false, (one) => textAt(one, "type")],
    ["Data", "string", false, (one) => size(one, "data")],
    age,
  ],
  ServiceAccount: [name, ["Secrets", "string", false, (one) => listAt(one, "secrets").length], age],
  Pod: [
    name,
    ["Ready", "string", false, podReady],
    ["Status", "string", false, podStatus],
    ["Restarts", "integer", false, (one) => restarts(one)],
    age,
    ["IP", "string", true, (one) => textAt(one, "status", "podIP") || none],
    ["Node", "string", true, (one) => textAt(one, "spec", "nodeName") || none],
    ["Nominated Node", "string", true, (one) => textAt(one, "status", "nominatedNodeName") || none],
    ["Readiness Gates", "string", true, () => none],
  ],
  Node: [
    name,
    ["Status", "string", false, () => "Ready"],
    ["Roles", "string", false, () => none],
    age,
    ["Version", "string", false, (one) => textAt(one, "status", "nodeInfo", "kubeletVersion")],
  ],
  Deployment: [
    name,
    [
      "Ready",
      "string",
      false,
      (one) => `${numberAt(one, "status", "readyReplicas")}/${numberAt(one, "spec", "replicas")}`,
    ],
    ["Up-to-date", "string", false, (one) => numberAt(one, "status", "updatedReplicas")],
    ["Available", "string", false, (one) => numberAt(one, "status", "availableReplicas")],
    age,
    ...inTemplate,
    selector,
  ],
  ReplicaSet: [
    name,
    ["Desired", "integer", false, (one) => numberAt(one, "spec", "replicas")],
    ["Current", "integer", false, (one) => numberAt(one, "status", "replicas")],
    ["Ready", "integer", false, (one) => numberAt(one, "status", "readyReplicas")],
    age,
    ...inTemplate,
    selector,
  ],
  Service: [
    name,
    ["Type", "string", false, (one) => textAt(one, "spec", "type")],
    ["Cluster-IP", "string", false, (one) => textAt(one, "spec", "clusterIP") || none],
    ["External-IP", "string", false, () => none],
    [
      "Port(s)",
      "string",
      false,
      (one) =>
        objectsAt(one, "spec", "ports")
          .map((port) => `${port.port}/${port.protocol}`)
          .join(",") || none,
    ],
    age,
    ["Selector", "string", true, (one) => labelsText(objectAt(one, "spec", "selector"))],
  ],
  Endpoints: [name, ["Endpoints", "string", false, () => none], age],
  Event: [
    ["Last Seen", "string", false, (one, now) => since(textAt(one, "lastTimestamp"), now)],
    ["Type", "string", false, (one) => textAt(one, "type")],
    ["Reason", "string", false, (one) => textAt(one, "reason")],
    [
      "Object",
      "string",
      false,
      (one) =>
        `${textAt(one, "involvedObject", "kind").toLowerCase()}/${textAt(one, "involvedObject", "name")}`,
    ],
    ["Subobject", "string", true, (one) => textAt(one, "involvedObject", "fieldPath")],
    ["Source", "string", true, (one) => textAt(one, "source", "component")],
    ["Message", "string", false, (one) => textAt(one, "message").trim()],
    ["First Seen", "string", true, (one, now) => since(textAt(one, "firstTimestamp"), now)],
    ["Count", "string", true, (one) => numberAt(one, "count") || 1],
    ["Name", "string", true, (one) => one.metadata.name ?? ""],
  ],
  Job: [
    name,
    [
      "Completions",
      "string",
      false,
      (one) => `${numberAt(one, "status", "succeeded")}/${numberAt(one, "spec", "completions")}`,
    ],
    [
      "Duration",
      "string",
      false,
      (one, now) => (at(one, "status", "startTime") ? since(textAt(one, "status", "startTime"), now) : ""),
    ],
    age,
    ...inTemplate,
    selector,
  ],
  CronJob: [
    name,
    ["Schedule", "string", false, (one) => textAt(one, "spec", "schedule")],
    ["Suspend", "boolean", false, (one) => (at(one, "spec", "suspend") === true ? "True" : "False")],
    ["Active", "integer", false, (one) => listAt(one, "status", "active").length],
    [
      "Last Schedule",
      "string",
      false,
      (one, now) =>
        at(one, "status", "lastScheduleTime") ? since(textAt(one, "status", "lastScheduleTime"), now) : none,
    ],
    age,
    ...containers(["spec", "jobTemplate", "spec", "template", "spec"]),
    ["Selector", "string", true, () => none],
  ],
  PodTemplate: [
    name,
    [
      "Containers",
      "string",
      false,
      (one) => joined(objectsAt(one, "template", "spec", "containers"), "name"),
    ],
    ["Images", "string", false, (one) => joined(objectsAt(one, "template", "spec", "containers"), "image")],
    ["Pod Labels", "string", false, (one) => labelsText(objectAt(one, "template", "metadata", "labels"))],
  ],
  HorizontalPodAutoscaler: [
    name,
    [
      "Reference",
      "string",
      false,
      (one) =>
        `${textAt(one, "spec", "scaleTargetRef", "kind")}/${textAt(one, "spec", "scaleTargetRef", "name")}`,
    ],
    [
      "Targets",
      "string",
      false,
      (one) => `<unknown>/${numberAt(one, "spec", "targetCPUUtilizationPercentage")}%`,
    ],
    ["MinPods", "string", false, (one) => String(numberAt(one, "spec", "minReplicas"))],
    ["MaxPods", "string", false, (one) => numberAt(one, "spec", "maxReplicas")],
    ["Replicas", "string", false, (one) => numberAt(one, "status", "currentReplicas")],
    age,
  ],
  RoleBinding: binding(),
  ClusterRoleBinding: binding(),
  Role: [name, ["Created At", "date", false, (one) => one.metadata.creationTimestamp ?? ""]],
  ClusterRole: [name, ["Created At", "date", false, (one) => one.metadata.creationTimestamp ?? ""]],
};

function binding(): readonly Column[] {
  const subjects = (kind: string) => (one: KubeObject) =>
    objectsAt(one, "subjects")
      .filter((subject) => subject.kind === kind)
      .map((subject) =>
        kind === "ServiceAccount"
          ? `${textAt(subject, "namespace")}/${textAt(subject, "name")}`
          : textAt(subject, "name"),
      )
      .join(", ");
  return [
    name,
    ["Role", "string", false, (one) => `${textAt(one, "roleRef", "kind")}/${textAt(one, "roleRef", "name")}`],
    age,
    ["Users", "string", true, subjects("User")],
    ["Groups", "string", true, subjects("Group")],
    ["ServiceAccounts", "string", true, subjects("ServiceAccount")],
  ];
}

function since(time: string | null | undefined, now: number): string {
  if (!time) return "<unknown>";
  const seconds = Math.max(0, Math.floor((now - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 10_800)
    return `${Math.floor(seconds / 60)}m${seconds < 600 && seconds % 60 > 0 ? `${seconds % 60}s` : ""}`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const size = (one: KubeObject, key: string) => Object.keys(objectAt(one, key)).length;
const joined = (list: readonly JsonObject[], key: string) => list.map((one) => textAt(one, key)).join(",");

function podReady(pod: KubeObject): string {
  const ready = objectsAt(pod, "status", "containerStatuses").filter((one) => one.ready === true).length;
  return `${ready}/${objectsAt(pod, "spec", "containers").length}`;
}

function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp) return "Terminating";
  return textAt(pod, "status", "reason") || textAt(pod, "status", "phase");
}

function restarts(pod: KubeObject): number {
  return objectsAt(pod, "status", "containerStatuses").reduce(
    (sum, one) => sum + numberAt(one, "restartCount"),
    0,
  );
}

export function labelsText(labels: JsonObject): string {
  return (
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(",") || none
  );
}

export function selectorText(value: JsonObject): string {
  const labels = isObject(value.matchLabels) ? value.matchLabels : value.matchExpressions ? {} : value;
  const expressions = objectsAt(value, "matchExpressions").map(
    (one) =>
      `${textAt(one, "key")} ${textAt(one, "operator").toLowerCase()} (${textsAt(one, "values").join(",")})`,
  );
  const equalities = Object.entries(labels)
    .map(([key, one]) => `${key}=${one}`)
    .sort();
  return [...equalities, ...expressions].join(",") || none;
}
