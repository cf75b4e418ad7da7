import { type Decision, rulesFor, type Step } from "./decide.ts";
import { PosternError } from "./error.ts";
import type { Grant } from "./grant.ts";
import type { GuardedSession, Guardrail } from "./guardrail.ts";
import { type Identity, identityLabel } from "./identity.ts";
import type { Action, Classified, Operation, Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";

/** What a policy makes of one text, and why; plain data, as `postern policy explain --json` prints it. */
export interface Explanation {
  readonly identity: string;
  readonly resource: string;
  readonly text: string;
  readonly policyVersion: string;
  readonly verdict: "allow" | "hold" | "deny";
  readonly allowed: boolean;
  /** Allowed, once a person approves. */
  readonly held: boolean;
  /** Present when not allowed. */
  readonly reason?: Reason;
  /** Each action with the rule that decided it, and why. */
  readonly steps: readonly Step[];
  /** Denied, and a grant or another hour would allow it: the rules that would count then, each once. */
  readonly closed?: readonly string[];
  /** What of the text could not be told, where it is `unknown`. */
  readonly unclear?: string;
  /** What a session may find besides, in words: it is judged here from the text alone. */
  readonly beyond?: string;
  /** The deciding rules, each once. */
  readonly rules: readonly string[];
  /** Names of the guardrails that apply, outermost first. */
  readonly guardrails: readonly string[];
}

/** When it is decided, and under which grants; absent: now, under none. */
export interface Moment {
  readonly grants?: readonly Grant[];
  /** Epoch milliseconds. */
  readonly at?: number;
}

/**
 * Decides one text as a session would, without one: the resource's protocol classifies it, nothing is
 * sent. Throws PosternError `explain.resource`, `explain.protocol`.
 */
export async function explain(
  policy: Policy,
  identity: Identity,
  resource: string,
  text: string,
  moment: Moment = {},
): Promise<Explanation> {
  const found = policy.resources[resource];
  if (!found) {
    const names = Object.keys(policy.resources).join(", ");
    throw new PosternError("explain.resource", `"${resource}" is no resource of this policy.`, {
      hint: `There are: ${names || "none"}.`,
    });
  }
  const { protocol, config } = found;
  if (!protocol.classify) {
    throw new PosternError("explain.protocol", `${protocol.name} cannot tell what a text would do.`, {
      hint: "Only protocols whose operations are texts can be explained.",
    });
  }
  const { actions, unclear, beyond } = classified(await protocol.classify(text, config));
  const decision = rulesFor(policy, identity, resource, moment.grants, moment.at).decide(actions, unclear);
  const operation = { text, actions, inTransaction: false, policyVersion: policy.version };
  const session = { id: "explained", identity, resource, protocol: protocol.name };
  const said = decision.allowed ? prepare(decision.guardrails, operation, session) : decision.reason;
  const verdict = said === undefined ? "allow" : said === "willHold" ? "hold" : "deny";
  return {
    identity: identityLabel(identity),
    resource,
    text,
    policyVersion: policy.version,
    verdict,
    allowed: verdict !== "deny",
    held: verdict === "hold",
    ...(typeof said === "object" ? { reason: said } : {}),
    steps: decision.steps,
    ...closedOf(decision),
    ...(unclear === undefined ? {} : { unclear }),
    ...(beyond === undefined ? {} : { beyond }),
    rules: [...new Set(decision.steps.flatMap(({ rule }) => rule ?? []))],
    guardrails: decision.guardrails.map(({ name }) => name),
  };
}

/** What a protocol says of a text, in its long form. */
export function classified(told: readonly Action[] | Classified): Classified {
  return "actions" in told ? told : { actions: told };
}

/** As if somebody had approved it, for ever. Throws PosternError `grant.none`: a grant opens no such rule. */
export function assumedGrant(
  { rules: all }: Policy,
  identity: Identity,
  resource: string,
  rules: readonly string[],
): Grant {
  const unknown = rules.find((name) => !all.some((rule) => rule.name === name && rule.grant));
  if (unknown !== undefined) {
    throw new PosternError("grant.none", `There is no rule "${unknown}" that a grant opens.`);
  }
  const always = { from: 0, until: Number.POSITIVE_INFINITY, by: [], breakGlass: false };
  return { id: "grant_assumed", request: "req_assumed", identity, resource, rules, ...always };
}

function closedOf({ allowed, steps }: Decision): Pick<Explanation, "closed"> {
  const refused = steps.filter(({ rule }) => rule === undefined);
  if (allowed || refused.length === 0 || refused.some(({ closed }) => !closed)) return {};
  return { closed: [...new Set(refused.flatMap(({ closed }) => closed ?? []))] };
}

/** What the guardrails say from the text alone: the first refusal, else whether one will ask a person. */
function prepare(
  guardrails: readonly Guardrail[],
  operation: Operation,
  session: Pick<GuardedSession, "id" | "identity" | "resource" | "protocol">,
): Reason | "willHold" | undefined {
  let said: "willHold" | undefined;
  for (const guardrail of guardrails) {
    const watch = guardrail.open({ ...session, ...inert });
    const one = watch.prepare?.(operation);
    watch.close?.();
    if (typeof one === "object") return one.deny;
    if (one === "willHold") said = one;
  }
  return said;
}

/** A session in which nothing is counted, kept or ended. */
const inert = {
  recording: () => ({ id: "none", event() {}, again() {}, bytes() {} }),
  counter: () => ({ value: 0, since: 0 }),
  end() {},
};
