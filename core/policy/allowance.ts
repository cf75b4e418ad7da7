import { type Effect, effects } from "../operation.ts";
import type { Party } from "./party.ts";

/** What rules that count now let all parties of a session do at all, on whatever target; what is not in it is refused on any. */
export function allowance(parties: readonly Pick<Party, "rules">[]): ReadonlySet<Effect> {
  return new Set(
    effects.filter((effect) =>
      parties.every(({ rules }) =>
        rules.some(({ may }) => may === "all" || may.some((right) => right.effect === effect)),
      ),
    ),
  );
}

/** Whether whoever may do no more than this changes nothing. */
export function onlyReads(allowed: ReadonlySet<Effect>): boolean {
  return allowed.size === 0 || (allowed.size === 1 && allowed.has("read"));
}
