import type { Action } from "../../../core/plugin.ts";
import { type Finding, type Folded, fold, isObject, podFindings, textIn } from "../pods/index.ts";
import { actionOn, actionsOf, nameOf } from "./actions.ts";
import { bodyMatters } from "./effects.ts";
import { isName, type ObjectInfo, type RequestInfo } from "./request-info.ts";

/** All that a request does, with what its body shows. */
export interface Effects {
  readonly actions: readonly Action[];
  /** What its pods ask for, and where it says so, for an approver to read. */
  readonly findings: readonly Finding[];
}

/** Types of Secrets that are credentials as soon as they are there: a controller fills them in, or logins heed them. */
const credentials = new Set(["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"]);

/**
 * The actions of a request whose object is `value`: its body, or the cluster's answer to its dry run. undefined: it
 * cannot be read with certainty (no object, two fields that are one in another case, too deep, too large).
 *
 * A pod that the Pod Security Standards' baseline forbids is an action of its own, `grant` on
 * `NAMESPACE/RESOURCE:privileged/NAME` within `pods:privileged`, since rules choose by effects and targets: a right to
 * write pods is none to take over their node, and a rule for `grant("pods:privileged")` holds these and no others. `grant`,
 * so that no right to `write` or `execute` covers it by itself, and who has `grant` can make themselves anything anyway.
 */
export function bodyActions(info: RequestInfo, value: unknown): Effects | undefined {
  const { object, verb } = info;
  if (!object) return { actions: actionsOf(info), findings: [] };
  const name = verb === "create" && object.name === "" ? nameIn(value) : nameOf(info);
  const actions = actionsOf(info, name);
  if (!bodyMatters(object)) return { actions, findings: [] };
  const body = fold(value);
  const findings = isObject(body) ? podFindings(body) : undefined;
  if (!isObject(body) || !findings) return undefined;
  const secret = object.group === "" && object.resource === "secrets" && isCredential(body);
  return {
    actions: [
      ...actions.map((action) => withTraits(action, findings)),
      ...privileged(object, name, findings),
      ...(secret ? [actionOn(object, "grant", name, [], "credential")] : []),
    ],
    findings,
  };
}

/** What is not told must be named for what it is: only a right to `unknown` covers it. */
export function hiddenActions(info: RequestInfo): readonly Action[] {
  const { object } = info;
  const rest: Action = object ? actionOn(object, "unknown", nameOf(info)) : { effect: "unknown", on: "*" };
  return [...actionsOf(info), rest];
}

function privileged(object: ObjectInfo, name: string, findings: readonly Finding[]): Action[] {
  const traits = traitsOf(findings.filter(({ level }) => level === "baseline"));
  if (traits.length === 0) return [];
  return [{ ...actionOn(object, "grant", name, traits, "privileged"), within: "pods:privileged" }];
}

function withTraits(action: Action, findings: readonly Finding[]): Action {
  const traits = [...(action.traits ?? []), ...traitsOf(findings)];
  return traits.length === 0 ? action : { ...action, traits };
}

/** As many as somebody would read. */
const mostTraits = 40;

function traitsOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ trait }) => trait))].sort().slice(0, mostTraits);
}

/** As the server will read it, so by exact names; `web-*` where it will add to `generateName`. */
function nameIn(value: unknown): string {
  const metadata = own(value, "metadata");
  const name = own(metadata, "name");
  if (typeof name === "string" && name !== "") return isName(name) ? name : "*";
  const generated = own(metadata, "generateName");
  return typeof generated === "string" && isName(generated) ? `${generated}*` : "*";
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function isCredential(body: Folded): boolean {
  return credentials.has(textIn(body, "type") ?? "");
}
