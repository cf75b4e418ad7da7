import type { Grant } from "./grant.ts";
import type { Guardrail } from "./guardrail.ts";
import { type Identity, identityKey, identityLabel } from "./identity.ts";
import type { Action, Reason } from "./operation.ts";
import { type Party, partyOf, type Standing } from "./policy/party.ts";
import type { Policy } from "./policy.ts";

/** The rules that can matter to one identity on one resource; made when a session opens. */
export interface RuleSet {
  readonly policy: Policy;
  readonly resource: string;
  /** For the trail's opening entry. Empty: this identity may not even connect. */
  readonly rights: readonly { readonly rule: string; readonly may: readonly string[] }[];
  /** Milliseconds a person's session may last: the shortest of these rules; absent: no limit. */
  readonly lifetime?: number;
  /** Each action by the first rule whose who, on and may match it; all must be allowed. */
  decide(actions: readonly Action[]): Decision;
}

export interface Decision {
  readonly allowed: boolean;
  /** Present when not allowed. */
  readonly reason?: Reason;
  /** One an action, in their order. */
  readonly steps: readonly Step[];
  /** `always` first, then those of the deciding rules in order, each once. Outermost first. */
  readonly guardrails: readonly Guardrail[];
}

export interface Step {
  readonly action: Action;
  /** The deciding rule, `one and other` where an identity acts for another; absent: none matched. */
  readonly rule?: string;
  readonly why: string;
}

/**
 * Throws what a rule's own `who` throws. For an identity that acts for another both are decided: the
 * rights are what both have, under the guardrails of both.
 */
export function rulesFor(
  policy: Policy,
  identity: Identity,
  resource: string,
  grants: readonly Grant[] = [],
): RuleSet {
  const parties = partiesOf(policy, identity, resource, openedBy(grants, identity, resource));
  const stranger = parties.find((party) => party.rules.length === 0)?.identity;
  const rules = stranger ? [] : [...new Set(parties.flatMap((party) => party.rules))];
  const lifetimes = rules.flatMap(({ lifetime }) => lifetime ?? []);
  return {
    policy,
    resource,
    rights: rules.map(({ name, may }) => ({
      rule: name,
      may: may === "all" ? ["all"] : may.map(({ label }) => label),
    })),
    ...(lifetimes.length === 0 ? {} : { lifetime: Math.min(...lifetimes) }),
    decide: (actions) =>
      stranger ? shutOut(stranger, resource, actions) : decide(policy, resource, parties, actions),
  };
}

function partiesOf(
  policy: Policy,
  identity: Identity,
  resource: string,
  granted: ReadonlySet<string>,
): Party[] {
  const own = partyOf(policy, identity, resource, granted);
  return identity.actingFor ? [own, ...partiesOf(policy, identity.actingFor, resource, granted)] : [own];
}

/** Names of the rules that a grant opens for exactly this identity, chain of delegation and all. */
function openedBy(grants: readonly Grant[], identity: Identity, resource: string): ReadonlySet<string> {
  const key = identityKey(identity);
  const own = grants.filter((grant) => grant.resource === resource && identityKey(grant.identity) === key);
  return new Set(own.flatMap(({ rules }) => rules));
}

function decide(
  policy: Policy,
  resource: string,
  parties: readonly Party[],
  actions: readonly Action[],
): Decision {
  const standings = actions.map((action) => parties.map((party) => party.stand(action)));
  const steps = standings.map((each, at) => step(actions[at]!, each));
  const refused = standings.flat().filter(({ rule }) => !rule);
  const [first] = refused;
  if (first)
    return { allowed: false, reason: denial(resource, first, refused.length), steps, guardrails: [] };
  return { allowed: true, steps, guardrails: guardrails(policy, parties, standings, actions) };
}

function step(action: Action, standings: readonly Standing[]): Step {
  const why = standings.map((standing) => standing.why).join("; ");
  if (standings.some(({ rule }) => !rule)) return { action, why };
  const names = new Set(standings.map(({ rule }) => rule?.name));
  return { action, rule: [...names].join(" and "), why };
}

/** In the order of the rules, party by party, so that the order of actions changes nothing. */
function guardrails(
  policy: Policy,
  parties: readonly Party[],
  standings: readonly (readonly Standing[])[],
  actions: readonly Action[],
): Guardrail[] {
  const deciding = new Set(standings.flat().map(({ rule }) => rule));
  const ordered = parties.flatMap(({ rules }) => rules).filter((rule) => deciding.has(rule));
  const all = new Set([...policy.always, ...ordered.flatMap(({ under }) => under)]);
  return [...all].filter(({ effects }) => !effects || actions.some(({ effect }) => effects.includes(effect)));
}

function denial(resource: string, refused: Standing, count: number): Reason {
  const { action, party } = refused;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  // Mostly a typing error: the resource is not asked, so nobody else tells the caller.
  const check = action.effect === "unknown" ? "It could not be parsed or classified: check its syntax. " : "";
  return {
    code: "policy.denied",
    message: `${action.effect} on ${action.on} is not allowed on ${resource} for ${identityLabel(party.identity)}${more}`,
    rule: party.rules.map(({ name }) => name).join(", "),
    hint: `${check}${party.granted}. Ask whoever keeps the policy, or do without.`,
  };
}

function shutOut(stranger: Identity, resource: string, actions: readonly Action[]): Decision {
  const label = identityLabel(stranger);
  const bound = stranger.resource !== undefined && stranger.resource !== resource;
  const why = bound
    ? `the credential of ${label} is good for ${stranger.resource} only`
    : `no rule lets ${label} use ${resource}`;
  const reason = {
    code: "policy.denied",
    message: `${label} may not use ${resource}: ${why}`,
    hint: bound
      ? `Ask for a credential for ${resource}.`
      : `Ask whoever keeps the policy for a rule that lets ${label} use ${resource}.`,
  };
  return { allowed: false, reason, steps: actions.map((action) => ({ action, why })), guardrails: [] };
}
