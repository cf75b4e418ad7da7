import type { Folded } from "./fields.ts";
import type { Finding } from "./finding.ts";
import { podSpecsIn } from "./specs.ts";
import { findingsOf } from "./standards.ts";

export { type Folded, fold, isObject, textIn } from "./fields.ts";
export type { Finding } from "./finding.ts";
export { type Doubt, readJson } from "./json.ts";
export { podSpecsIn } from "./specs.ts";

/** What all pods that a body may lead to ask for, each thing once. undefined: too large to look through. */
export function podFindings(body: Folded): readonly Finding[] | undefined {
  const found = podSpecsIn(body)?.flatMap(findingsOf);
  if (!found) return undefined;
  const once = new Map(found.map((finding) => [`${finding.at} ${finding.trait}`, finding]));
  return [...once.values()];
}
