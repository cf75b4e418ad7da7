import { lacking, ofContainer, ofContext } from "./container.ts";
import { type Folded, fieldOf, isSet, objectIn, objectsIn, textIn } from "./fields.ts";
import { type Finding, traitWith } from "./finding.ts";

/** The lists of a pod that hold containers; all of them run. */
export const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;

/** Those that baseline allows. */
const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
]);

/** Volumes that restricted allows, in lower case. */
const usualVolumes = new Set(
  "name configmap csi downwardapi emptydir ephemeral image persistentvolumeclaim projected secret".split(" "),
);

/** By its annotations, where they said it before fields did: name, trait, what is harmless. */
const annotated = [
  ["container.apparmor.security.beta.kubernetes.io/", "apparmor", /^(runtime\/default|localhost\/.*)?$/],
  ["seccomp.security.alpha.kubernetes.io/pod", "seccomp", /^((runtime|docker)\/default|localhost\/.*)?$/],
  [
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp",
    /^((runtime|docker)\/default|localhost\/.*)?$/,
  ],
  // A node's own copy of a pod that it runs from a file: nobody else has a reason to make one.
  ["kubernetes.io/config.mirror", "mirrorPod", /^$/],
] as const;

/** A pod's spec, or something that may become a part of one, and where it stands. */
export interface PodSpec {
  readonly spec: Folded;
  readonly metadata?: Folded;
  readonly at: string;
  /** False: a part, of which nothing is known but what it says. */
  readonly whole: boolean;
}

/** What a pod asks for, by the Pod Security Standards (baseline and restricted, v1.34). */
export function findingsOf({ spec, metadata, at, whole }: PodSpec): readonly Finding[] {
  const findings: Finding[] = [];
  const saying = (where: string) => (level: Finding["level"], trait: string) => {
    findings.push({ trait, level, at: where });
  };
  const say = saying(at);
  // The last one is Argo's: any field of a pod, as a text of its own.
  for (const name of ["hostNetwork", "hostPID", "hostIPC", "podSpecPatch"]) {
    if (isSet(fieldOf(spec, name))) say("baseline", name);
  }
  const context = objectIn(spec, "securityContext");
  ofContext(context, say);
  for (const sysctl of objectsIn(context, "sysctls")) {
    const name = fieldOf(sysctl, "name");
    if (typeof name !== "string" || !safeSysctls.has(name)) say("baseline", traitWith("sysctl", name));
  }
  for (const volume of objectsIn(spec, "volumes")) ofVolume(volume, say);
  for (const list of containerLists) {
    objectsIn(spec, list).forEach((container, index) => {
      // A part was put into these lists by its own reader: in the body it stands where it is.
      const inside = whole ? saying(within(at, `${list.toLowerCase()}[${index}]`)) : say;
      if (list === "ephemeralContainers") inside("told", "ephemeralContainer");
      ofContainer(container, inside);
      if (whole) lacking(container, context, inside);
    });
  }
  ofAnnotations(objectIn(metadata, "annotations"), say);
  if (whole) ofAccess(spec, say);
  return whole ? findings : findings.filter(({ level }) => level === "baseline");
}

export const within = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

type Say = (level: Finding["level"], trait: string) => void;

function ofVolume(volume: Folded, say: Say): void {
  const path = fieldOf(volume, "hostPath");
  if (isSet(path)) say("baseline", traitWith("hostPath", fieldOf(objectIn(volume, "hostPath"), "path")));
  const local = objectIn(volume, "local");
  if (isSet(fieldOf(local, "path"))) say("baseline", traitWith("hostPath", fieldOf(local, "path")));
  for (const kind of Object.keys(volume)) {
    if (kind !== "hostpath" && !usualVolumes.has(kind) && isSet(volume[kind]))
      say("restricted", traitWith("volume", kind));
  }
  const sources = objectsIn(objectIn(volume, "projected"), "sources");
  if (sources.some((source) => isSet(fieldOf(source, "serviceAccountToken"))))
    say("told", "serviceAccountToken");
}

function ofAnnotations(annotations: Folded | undefined, say: Say): void {
  for (const [name, value] of Object.entries(annotations ?? {})) {
    const known = annotated.find(([prefix]) => name.startsWith(prefix));
    if (known && !(typeof value === "string" && known[2].test(value)))
      say("baseline", known[1] === "mirrorPod" ? known[1] : traitWith(known[1], value));
  }
}

/** What the pod may use of the cluster, and who chose its node. */
function ofAccess(spec: Folded, say: Say): void {
  if (fieldOf(spec, "automountServiceAccountToken") !== false) say("told", "serviceAccountToken");
  const account = textIn(spec, "serviceAccountName") || textIn(spec, "serviceAccount");
  if (account && account !== "default") say("told", traitWith("serviceAccount", account));
  if (isSet(fieldOf(spec, "nodeName"))) say("told", traitWith("nodeName", fieldOf(spec, "nodeName")));
}
