import type { RuleSet } from "./decide.ts";
import type { Identity } from "./identity.ts";
import { KeptOnce } from "./kept-once.ts";
import type { Policy } from "./policy.ts";

/** Gone with their policy. */
const known = new WeakMap<Policy, KeptOnce<RuleSet>>();

/**
 * The same rules as one object for all sessions of an identity on a resource that have just been found to go by them. Not where
 * it acts for another: which rules are whose does not show from outside.
 */
export function sharedRules(rules: RuleSet, identity: Identity): RuleSet {
  if (identity.actingFor !== undefined) return rules;
  const { policy, resource, rights, closed, lifetime, effects, hint, timed, grants, until, fresh } = rules;
  const kept = known.get(policy) ?? new KeptOnce<RuleSet>();
  known.set(policy, kept);
  const times = [lifetime, until, fresh, timed.map(({ name }) => name), grants];
  const key = JSON.stringify([identity, resource, rights, closed, [...effects], hint, times]);
  return kept.of(key, rules);
}
