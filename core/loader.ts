import { bundlePolicy } from "./policy/bundle.ts";
import { evaluatePolicy } from "./policy/evaluate.ts";
import { probePolicy } from "./policy/probe.ts";
import type { Policy } from "./policy.ts";

export { bundlePolicy } from "./policy/bundle.ts";
export { PolicyNotLoaded } from "./policy/error.ts";
export { evaluatePolicy } from "./policy/evaluate.ts";
export { probePolicy } from "./policy/probe.ts";
export { type PolicyWatch, watchPolicy } from "./policy/watch.ts";

/** A policy file, checked in a thread with a deadline and then evaluated here. */
export async function loadPolicy(path: string): Promise<Policy> {
  const bundle = await bundlePolicy(path);
  await probePolicy(bundle);
  return evaluatePolicy(bundle);
}
