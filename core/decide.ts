import type { Grant } from "./grant.ts";
import type { Guardrail } from "./guardrail.ts";
import { chain, type Identity, identityLabel } from "./identity.ts";
import type { Action, Effect, Reason } from "./operation.ts";
import { allowance } from "./policy/allowance.ts";
import { howToOpen } from "./policy/asking.ts";
import { type Party, partyOf, type Standing } from "./policy/party.ts";
import { roleOf } from "./policy/role.ts";
import { counts, grantsOf, type Timing, timingOf } from "./policy/timing.ts";
import type { Policy, Rule } from "./policy.ts";
import { shortened } from "./shortened.ts";

/** The rules that can matter to one identity on one resource; made when a session opens. */
export interface RuleSet extends Timing {
  readonly policy: Policy;
  readonly resource: string;
  /** For the trail's opening entry. Empty: this identity may not even connect. */
  readonly rights: readonly GrantedBy[];
  /** What rules would give with a grant, or at another hour. */
  readonly closed: readonly GrantedBy[];
  /** Milliseconds a person's session may last: the shortest of these rules; absent: no limit. */
  readonly lifetime?: number;
  /** What all parties of the session may do at all; what is not in it is refused on any target. */
  readonly effects: ReadonlySet<Effect>;
  /** How to come in all the same, where `rights` is empty: which grant to ask for, when to come. */
  readonly hint?: string;
  /** The resource's own role that the session runs as (`as` of its rules). Throws PosternError `policy.role`. */
  role(): string | undefined;
  /** Each action by the first rule whose who, on and may match it; all must be allowed. `unclear`: as `Statement` has it. */
  decide(actions: readonly Action[], unclear?: string): Decision;
}

/** A rule, and what it allows, as the policy writes it. */
export interface GrantedBy {
  readonly rule: string;
  readonly may: readonly string[];
}

export interface Decision {
  readonly allowed: boolean;
  /** Present when not allowed. */
  readonly reason?: Reason;
  /** One an action, in their order. */
  readonly steps: readonly Step[];
  /** The deciding rules that count for a time only. */
  readonly timed: readonly Rule[];
  /** `always` first, then those of the deciding rules in order, each once. Outermost first. */
  readonly guardrails: readonly Guardrail[];
}

export interface Step {
  readonly action: Action;
  /** The deciding rule, `one and other` where an identity acts for another; absent: none matched. */
  readonly rule?: string;
  /** The rules that would decide, with a grant or at another hour; absent: no rule would. */
  readonly closed?: readonly string[];
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
  at = Date.now(),
): RuleSet {
  const open = grantsOf(grants, identity, resource, at);
  const parties = chain(identity).map((party) =>
    partyOf(policy, party, resource, (rule) => counts(rule, open, at)),
  );
  const stranger = parties.find((party) => party.rules.length === 0)?.identity;
  const rules = stranger ? [] : [...new Set(parties.flatMap((party) => party.rules))];
  const closed = [...new Set(parties.flatMap((party) => party.closed))];
  const entry = stranger && howToEnter(resource, parties, at);
  const effects = allowance(parties);
  const lifetimes = rules.flatMap(({ lifetime }) => lifetime ?? []);
  return {
    policy,
    resource,
    rights: rules.map(grantedBy),
    closed: closed.map(grantedBy),
    ...(lifetimes.length === 0 ? {} : { lifetime: Math.min(...lifetimes) }),
    ...timingOf(rules, closed, open, at),
    effects,
    ...(entry === undefined ? {} : { hint: entry }),
    role: () => roleOf(policy, resource, parties, effects),
    decide: (actions, unclear) =>
      stranger
        ? shutOut(stranger, resource, actions, entry)
        : decide({ policy, resource, parties, at }, actions, unclear),
  };
}

function grantedBy({ name, may }: Rule): GrantedBy {
  return { rule: name, may: may === "all" ? ["all"] : may.map(({ label }) => label) };
}

/** undefined: neither a grant nor the hour would let everybody in the chain in. */
function howToEnter(resource: string, parties: readonly Party[], at: number): string | undefined {
  const strangers = parties.filter(({ rules }) => rules.length === 0);
  if (strangers.some(({ closed }) => closed.length === 0)) return undefined;
  const needed = strangers.flatMap(({ closed }) => {
    const inHours = closed.filter(({ hours }) => hours?.open(at) !== false);
    return inHours.length > 0 ? inHours : closed;
  });
  return howToOpen(resource, [...new Set(needed)], [], at);
}

interface Asked {
  readonly policy: Policy;
  readonly resource: string;
  readonly parties: readonly Party[];
  readonly at: number;
}

function decide(
  { policy, resource, parties, at }: Asked,
  actions: readonly Action[],
  unclear: string | undefined,
): Decision {
  const standings = actions.map((action) => parties.map((party) => party.stand(action)));
  const steps = standings.map((each, at) => step(actions[at]!, each));
  const refused = standings.flat().filter(({ rule }) => !rule);
  const [first] = refused;
  if (first) {
    const hint = howToAct(resource, parties, refused, at);
    const reason = denial(resource, first, refused.length, unclear, hint);
    return { allowed: false, reason, steps, timed: [], guardrails: [] };
  }
  const deciding = new Set(standings.flat().map(({ rule }) => rule));
  const timed = [...deciding].filter((rule) => rule !== undefined && (rule.grant ?? rule.hours));
  return {
    allowed: true,
    steps,
    timed: timed as Rule[],
    guardrails: guardrails(policy, parties, standings, actions),
  };
}

function step(action: Action, standings: readonly Standing[]): Step {
  const why = standings.map((standing) => standing.why).join("; ");
  const lacking = standings.filter(({ rule }) => !rule);
  if (lacking.length > 0) {
    const closed = [...new Set(lacking.flatMap((each) => each.closed?.name ?? []))];
    return { action, why, ...(lacking.every((each) => each.closed) ? { closed } : {}) };
  }
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

/** undefined: with no grant and at no hour would all of it be allowed. */
function howToAct(
  resource: string,
  parties: readonly Party[],
  refused: readonly Standing[],
  at: number,
): string | undefined {
  const needed = [...new Set(refused.flatMap(({ closed }) => closed ?? []))];
  if (needed.length === 0 || refused.some(({ closed }) => !closed)) return undefined;
  const others = parties.flatMap(({ closed }) => closed).filter(({ grant }) => grant);
  return howToOpen(resource, needed, others, at);
}

/** Characters of what a protocol says of a text that it cannot tell, which may be all of the text. */
const mostWords = 200;

function denial(
  resource: string,
  { action, party }: Standing,
  count: number,
  unclear: string | undefined,
  hint: string | undefined,
): Reason {
  const { effect, on, through } = action;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  // Mostly a typing error: the resource is not asked, so nobody else tells the caller.
  const untold = effect === "unknown";
  const check =
    untold && unclear === undefined
      ? "It does not tell all that it would do: check its syntax, what a program in it could run besides, and whether the resource's description lists it. "
      : "";
  return {
    code: "policy.denied",
    message:
      `${effect} on ${on}${through === undefined ? "" : ` (through ${through})`} is not allowed on ${resource} ` +
      `for ${identityLabel(party.identity)}${more}${untold && unclear !== undefined ? `: ${shortened(unclear, mostWords)}` : ""}`,
    rule: party.rules.map(({ name }) => name).join(", "),
    hint: `${check}${party.granted}. ${hint ?? "Ask whoever keeps the policy, or do without."}`,
  };
}

function shutOut(
  stranger: Identity,
  resource: string,
  actions: readonly Action[],
  entry: string | undefined,
): Decision {
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
      : (entry ?? `Ask whoever keeps the policy for a rule that lets ${label} use ${resource}.`),
  };
  return {
    allowed: false,
    reason,
    steps: actions.map((action) => ({ action, why })),
    timed: [],
    guardrails: [],
  };
}
