import type { Identity } from "../identity.ts";
import { type Action, type Effect, effects } from "../operation.ts";
import type { Policy, Rule } from "../policy.ts";
import { commandMatcher, targetMatcher } from "./target.ts";

/** One identity on one resource, by itself: not whom it acts for. */
export interface Party {
  readonly identity: Identity;
  /** Whose who and on match, in the policy's order, and that count now. */
  readonly rules: readonly Rule[];
  /** Those that would count with a grant, or at another hour. */
  readonly closed: readonly Rule[];
  /** What it may, for the caller to read. */
  readonly granted: string;
  stand(action: Action): Standing;
}

/** How one party stands to one action. Without a rule: not allowed. */
export interface Standing {
  readonly action: Action;
  readonly party: Party;
  readonly rule?: Rule;
  /** Not allowed: the first rule that would allow it, if it counted. */
  readonly closed?: Rule;
  readonly why: string;
}

interface Candidate {
  readonly rule: Rule;
  readonly label: string;
  readonly covers: (action: Action) => boolean;
}

/** Rules of a resource, found once a policy: an identity pays only for those. */
const indexes = new WeakMap<Policy, Map<string, Rule[]>>();

/** `counts`: whether a rule with a grant or hours counts now. */
export function partyOf(
  policy: Policy,
  identity: Identity,
  resource: string,
  counts: (rule: Rule) => boolean,
): Party {
  const elsewhere = identity.resource !== undefined && identity.resource !== resource;
  const concerned = elsewhere ? [] : (indexOf(policy).get(resource) ?? []);
  const matching = concerned.filter(({ who }) => who.matches(identity) === true);
  const rules = matching.filter(counts);
  const closed = matching.length === rules.length ? [] : matching.filter((rule) => !rules.includes(rule));
  const candidates = new Map(
    effects.map((effect) => [effect, rules.flatMap((rule) => candidatesOf(rule, effect))] as const),
  );
  const party: Party = {
    identity,
    rules,
    closed,
    granted: granted(rules, resource),
    stand(action) {
      const hit = candidates.get(action.effect)?.find(({ covers }) => covers(action));
      if (hit) {
        const why = `rule ${hit.rule.name} lets ${hit.rule.who.label}: ${hit.label}`;
        return { action, party, rule: hit.rule, why };
      }
      const why = `no rule lets ${identity.subject} ${wish(action)} on ${resource}`;
      const would = closed.find((rule) =>
        candidatesOf(rule, action.effect).some(({ covers }) => covers(action)),
      );
      if (!would) return { action, party, why };
      return { action, party, closed: would, why: `${why}; rule ${would.name} would, ${condition(would)}` };
    },
  };
  return party;
}

function condition({ grant, hours }: Rule): string {
  return [...(grant ? ["with a grant"] : []), ...(hours ? [`within its hours (${hours.label})`] : [])].join(
    " and ",
  );
}

function wish({ effect, on }: Action): string {
  return effect === "unknown" ? "do what could not be parsed or classified" : `${effect} ${on}`;
}

function indexOf(policy: Policy): Map<string, Rule[]> {
  let index = indexes.get(policy);
  if (index) return index;
  index = new Map(Object.keys(policy.resources).map((name) => [name, []]));
  for (const rule of policy.rules) for (const name of new Set(rule.on)) index.get(name)?.push(rule);
  indexes.set(policy, index);
  return index;
}

function candidatesOf(rule: Rule, effect: Effect): Candidate[] {
  if (rule.may === "all") return [{ rule, label: "all", covers: () => true }];
  return rule.may
    .filter((right) => right.effect === effect)
    .map(({ label, on }) => ({ rule, label, covers: on ? coveredBy(on, effect) : () => true }));
}

function coveredBy(patterns: readonly string[], effect: Effect): Candidate["covers"] {
  const matches = effect === "execute" ? commandMatcher(patterns) : targetMatcher(patterns);
  return ({ on, within }) => matches(on) || (within !== undefined && matches(within));
}

function granted(rules: readonly Rule[], resource: string): string {
  const rights = rules.map(({ name, may }) => {
    const labels = may === "all" ? "all" : may.map(({ label }) => label).join(", ") || "nothing";
    return `${labels} (rule ${name})`;
  });
  return `On ${resource} you may: ${rights.join("; ") || "nothing"}`;
}
