import { type Folded, fieldOf, isSet, listIn, objectIn, objectsIn, textIn } from "./fields.ts";
import { type Finding, traitWith } from "./finding.ts";

/** Those that baseline lets a container add. */
const usual = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
);
const seLinuxTypes = new Set([
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);
const profiles = new Set(["RuntimeDefault", "Localhost"]);
const probes = ["livenessProbe", "readinessProbe", "startupProbe"];

type Say = (level: Finding["level"], trait: string) => void;

/** What a security context of a pod or a container can both say. */
export function ofContext(context: Folded | undefined, say: Say): void {
  if (isSet(fieldOf(objectIn(context, "windowsOptions"), "hostProcess")))
    say("baseline", "windowsHostProcess");
  const linux = objectIn(context, "seLinuxOptions");
  const type = fieldOf(linux, "type") ?? "";
  if (typeof type !== "string" || !seLinuxTypes.has(type)) say("baseline", traitWith("selinux", type));
  if (isSet(fieldOf(linux, "user")) || isSet(fieldOf(linux, "role"))) say("baseline", "selinux");
  for (const [field, trait] of [
    ["seccompProfile", "seccomp"],
    ["appArmorProfile", "apparmor"],
  ] as const) {
    const kind = fieldOf(objectIn(context, field), "type");
    if (isSet(kind) && !(typeof kind === "string" && profiles.has(kind)))
      say("baseline", traitWith(trait, kind));
  }
  if (fieldOf(context, "runAsUser") === 0) say("restricted", "root");
}

/** What a container's own fields say, whatever its pod says. */
export function ofContainer(container: Folded, say: Say): void {
  const context = objectIn(container, "securityContext");
  ofContext(context, say);
  if (isSet(fieldOf(context, "privileged"))) say("baseline", "privileged");
  for (const capability of listIn(objectIn(context, "capabilities"), "add")) {
    const name = typeof capability === "string" ? capability : "";
    if (!usual.has(name)) say("baseline", traitWith("capabilities", name.replace(/^CAP_/, "")));
    else if (name !== "NET_BIND_SERVICE") say("restricted", traitWith("capabilities", name));
  }
  const mount = fieldOf(context, "procMount");
  if (isSet(mount) && mount !== "Default") say("baseline", traitWith("procMount", mount));
  for (const port of objectsIn(container, "ports")) {
    const number = fieldOf(port, "hostPort");
    if (isSet(number)) say("baseline", traitWith("hostPort", number));
  }
  const lifecycle = objectIn(container, "lifecycle");
  const handlers = [
    ...probes.map((name) => objectIn(container, name)),
    ...["postStart", "preStop"].map((name) => objectIn(lifecycle, name)),
  ];
  for (const handler of handlers) {
    const asked = ["httpGet", "tcpSocket"].some((name) => isSet(fieldOf(objectIn(handler, name), "host")));
    if (asked) say("baseline", "hostProbe");
  }
}

/** What `restricted` wants to be there, in the container or in its pod. */
export function lacking(container: Folded, pod: Folded | undefined, say: Say): void {
  const context = objectIn(container, "securityContext");
  if (fieldOf(context, "allowPrivilegeEscalation") !== false) say("restricted", "allowPrivilegeEscalation");
  if ((fieldOf(context, "runAsNonRoot") ?? fieldOf(pod, "runAsNonRoot")) !== true) say("restricted", "root");
  const seccomp = objectIn(context, "seccompProfile") ?? objectIn(pod, "seccompProfile");
  if (!isSet(textIn(seccomp, "type"))) say("restricted", "seccomp");
  if (!listIn(objectIn(context, "capabilities"), "drop").includes("ALL")) say("restricted", "capabilities");
}
