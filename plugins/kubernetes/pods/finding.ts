/** Something of a pod's spec that the Pod Security Standards name, or that tells what the pod can reach. */
export interface Finding {
  /** As policy and approvers see it: `privileged`, `hostPath:/var/run`, `capabilities:SYS_ADMIN`. */
  readonly trait: string;
  /** `baseline`: that level forbids it, so it is a way onto the node. `restricted`: only that one does. `told`: neither. */
  readonly level: "baseline" | "restricted" | "told";
  /** Where it stands in the body, in lower case: `spec.template.spec.containers[0]`. */
  readonly at: string;
}

/** A trait that carries a value of the caller's, cut down to what can be shown anywhere. */
export function traitWith(name: string, value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "?";
  return `${name}:${text.replaceAll(/[^\w./:@-]/g, "?").slice(0, 80)}`;
}
