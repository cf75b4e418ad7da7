import type { Denied, Operation, Origin } from "../../core/plugin.ts";
import type { Masks } from "./options.ts";
import { nameOf } from "./predicates.ts";

/**
 * Why an operation is refused that stores a masked value where no mask is (`insert into notes select email from …`): it could
 * be read there as it is. undefined: it stores none. A text that nobody can read is a matter of the right to `unknown`.
 */
export function copied({ stores }: Operation, masks: Masks): Denied | undefined {
  if (stores === undefined || stores === "unknown") return undefined;
  const masked = (origin: Origin) => masks.columns.some(({ matches }) => matches.origin(origin));
  for (const { into, from } of stores) {
    if (into.length > 0 && into.every(masked)) continue;
    const target =
      into.length > 0
        ? `${into.map(nameOf).join(", ")}, which is not`
        : "a column that is not, or of which nobody can tell";
    if (from === "unknown") return { deny: untold };
    const origin = from.find(masked);
    if (origin !== undefined) return { deny: told(origin, target) };
  }
  return undefined;
}

const told = (origin: Origin, target: string) => ({
  code: "mask.copied",
  message: `The statement stores ${nameOf(origin)}, which is masked, in ${target}.`,
  hint: "Leave the column out, or store it in one that the policy masks too.",
});

const untold = {
  code: "mask.copied",
  message: `It cannot be told whether the statement stores a masked column in one that is not masked.`,
  hint: "Name the columns that are stored, of relations that are there already, without functions of your own.",
};
