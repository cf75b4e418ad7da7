import { type Folded, type FoldedValue, isList, isObject, isSet, objectIn } from "./fields.ts";
import { containerLists, type PodSpec, within } from "./standards.ts";

/** The lists and objects of one body; a longer one counts as not read. */
const most = 200_000;

/** Fields that make an object one which a pod may be made from, wherever its kind puts it. */
const telling = new Set(
  ["hostNetwork", "hostPID", "hostIPC", "securityContext", "hostPath", "local", "podSpecPatch"].map((name) =>
    name.toLowerCase(),
  ),
);
const lists = new Set(containerLists.map((name) => name.toLowerCase()));

/**
 * Every pod spec in a body, whatever its kind: found by its shape, so that Pods, templates in any depth (CronJob, List,
 * Knative, Argo Rollouts, JobSet) and kinds that nobody here knows are one. What only may become a part of a pod (a step of
 * Tekton or Argo, a volume) is one that is not `whole`. undefined: too large to look through.
 */
export function podSpecsIn(body: Folded): readonly PodSpec[] | undefined {
  const found: PodSpec[] = [];
  const waiting: { value: FoldedValue; at: string; parent?: Folded }[] = [{ value: body, at: "" }];
  for (const { value, at, parent } of waiting) {
    if (waiting.length > most) return undefined;
    if (isList(value)) {
      for (const [index, item] of value.entries()) {
        if (holds(item)) waiting.push({ value: item, at: `${at}[${index}]` });
      }
    } else if (isObject(value)) {
      const keys = Object.keys(value);
      if (keys.some((key) => lists.has(key) && holds(value[key]))) {
        const metadata = objectIn(parent, "metadata");
        found.push({ spec: value, at, whole: true, ...(metadata ? { metadata } : {}) });
      } else if (keys.some((key) => telling.has(key) && isSet(value[key]))) found.push(partOf(value, at));
      for (const key of keys) {
        const inner = value[key];
        if (inner !== undefined && holds(inner))
          waiting.push({ value: inner, at: within(at, key), parent: value });
      }
    }
  }
  return found;
}

const holds = (value: FoldedValue | undefined): boolean => typeof value === "object" && value !== null;

/** Read as a pod, as a container and as a volume at once. */
function partOf(part: Folded, at: string): PodSpec {
  return { spec: { ...part, containers: [part], volumes: [part] }, at, whole: false };
}
