import type { Identity } from "../identity.ts";
import { type Action, type Effect, effects } from "../operation.ts";
import type { Policy, Rule } from "../policy.ts";
import { targetMatcher } from "./target.ts";

/** One identity on one resource, by itself: not whom it acts for. */
export interface Party {
  readonly identity: Identity;
  /** Whose who and on match, in the policy's order. */
  readonly rules: readonly Rule[];
  /** What it may, for the caller to read. */
  readonly granted: string;
  stand(action: Action): Standing;
}

/** How one party stands to one action. Without a rule: not allowed. */
export interface Standing {
  readonly action: Action;
  readonly party: Party;
  readonly rule?: Rule;
  readonly why: string;
}

interface Candidate {
  readonly rule: Rule;
  readonly label: string;
  readonly covers: (target: string) => boolean;
}

/** Rules of a resource, found once a policy: an identity pays only for those. */
const indexes = new WeakMap<Policy, Map<string, Rule[]>>();

/** `opened`: names of the rules with `grant` for which one is open. */
export function partyOf(
  policy: Policy,
  identity: Identity,
  resource: string,
  opened: ReadonlySet<string>,
): Party {
  const elsewhere = identity.resource !== undefined && identity.resource !== resource;
  const concerned = elsewhere ? [] : (indexOf(policy).get(resource) ?? []);
  const rules = concerned.filter(
    ({ who, name, grant }) => who.matches(identity) === true && (!grant || opened.has(name)),
  );
  const candidates = new Map(
    effects.map((effect) => [effect, rules.flatMap((rule) => candidatesOf(rule, effect))] as const),
  );
  const party: Party = {
    identity,
    rules,
    granted: granted(rules, resource),
    stand(action) {
      const hit = candidates.get(action.effect)?.find(({ covers }) => covers(action.on));
      return hit
        ? {
            action,
            party,
            rule: hit.rule,
            why: `rule ${hit.rule.name} lets ${hit.rule.who.label}: ${hit.label}`,
          }
        : {
            action,
            party,
            why: `no rule lets ${identity.subject} ${wish(action)} on ${resource}`,
          };
    },
  };
  return party;
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
    .map(({ label, on }) => ({ rule, label, covers: on ? targetMatcher(on) : () => true }));
}

function granted(rules: readonly Rule[], resource: string): string {
  const rights = rules.map(({ name, may }) => {
    const labels = may === "all" ? "all" : may.map(({ label }) => label).join(", ") || "nothing";
    return `${labels} (rule ${name})`;
  });
  return `On ${resource} you may: ${rights.join("; ")}`;
}
