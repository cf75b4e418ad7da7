import type { Grant } from "../grant.ts";
import { type Identity, identityKey } from "../identity.ts";
import type { Reason } from "../operation.ts";
import type { Policy, Rule } from "../policy.ts";

/** What of somebody's rules counts for a time only, and until when. */
export interface Timing {
  /** Those of the rules that count now under a grant or within hours. */
  readonly timed: readonly Rule[];
  /** Grants that are open and make some of the rules count. */
  readonly grants: readonly Grant[];
  /** Epoch milliseconds at which the first of the rules stops counting by itself; absent: none does. */
  readonly until?: number;
  /** Epoch milliseconds from which the rules must be found anew: one stops counting, or one more begins to. */
  readonly fresh?: number;
}

/** Grants that are open for exactly this identity, chain of delegation and all. */
export function grantsOf(
  grants: readonly Grant[],
  identity: Identity,
  resource: string,
  at: number,
): readonly Grant[] {
  if (grants.length === 0) return grants;
  const key = identityKey(identity);
  return grants.filter(
    (grant) =>
      grant.resource === resource &&
      grant.from <= at &&
      at < grant.until &&
      identityKey(grant.identity) === key,
  );
}

export function counts({ name, grant, hours }: Rule, open: readonly Grant[], at: number): boolean {
  return (!grant || open.some(({ rules }) => rules.includes(name))) && hours?.open(at) !== false;
}

/** `rules` count now, `closed` might at another time; `open`: grants of whom they are for. */
export function timingOf(
  rules: readonly Rule[],
  closed: readonly Rule[],
  open: readonly Grant[],
  at: number,
): Timing {
  const timed = rules.filter(({ grant, hours }) => grant || hours);
  const ends = timed.flatMap(({ name, grant, hours }) => [
    ...(grant ? [Math.max(...opening(open, name).map(({ until }) => until))] : []),
    ...(hours ? [hours.changes(at)] : []),
  ]);
  const begins = closed.flatMap(({ name, grant, hours }) =>
    hours && (!grant || opening(open, name).length > 0) ? [hours.changes(at)] : [],
  );
  return {
    timed,
    grants: open.filter((each) => timed.some(({ name, grant }) => grant && each.rules.includes(name))),
    ...(ends.length === 0 ? {} : { until: Math.min(...ends) }),
    ...(ends.length + begins.length === 0 ? {} : { fresh: Math.min(...ends, ...begins) }),
  };
}

/** Why a session that rests on these rules ends: they do not count any more. undefined: all of them still do. */
export function whyOver(
  rested: readonly Rule[],
  { policy, rights }: { readonly policy: Policy; readonly rights: readonly { readonly rule: string }[] },
  at = Date.now(),
): Reason | undefined {
  for (const old of rested) {
    const { name } = old;
    if (rights.some(({ rule }) => rule === name)) continue;
    const { hours, grant } = policy.rules.find((rule) => rule.name === name) ?? old;
    if (hours?.open(at) === false)
      return {
        code: "policy.hours",
        message: `Rule ${name}, on which the session rests, counts only at its hours: ${hours.label}.`,
        rule: name,
      };
    if (grant)
      return {
        code: "grant.ended",
        message: `The grant on which the session rests has ended (rule ${name}).`,
        rule: name,
        hint: "Ask for another one: `postern request`.",
      };
  }
  return undefined;
}

function opening(open: readonly Grant[], rule: string): readonly Grant[] {
  return open.filter(({ rules }) => rules.includes(rule));
}
