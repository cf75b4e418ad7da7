import type { Action } from "../../../../core/plugin.ts";
import { commandMatcher } from "../../../../core/policy/target.ts";

/** Whether a rule with no more than `execute(...patterns)` allows all of this. */
export function allows(patterns: readonly string[], actions: readonly Action[]): boolean {
  const covered = commandMatcher(patterns);
  return (
    actions.length > 0 &&
    actions.every(
      ({ effect, on, within }) =>
        effect === "execute" && (covered(on) || (within !== undefined && covered(within))),
    )
  );
}
