import { isSource } from "../credential/source.ts";
import { PosternError } from "../error.ts";
import { identityLabel } from "../identity.ts";
import type { Effect } from "../operation.ts";
import type { Policy } from "../policy.ts";
import type { Resource } from "../protocol.ts";
import { onlyReads } from "./allowance.ts";
import type { Party } from "./party.ts";

/**
 * The resource's own role that all parties of a session run as: each as its first rule with `as` says, else as
 * the credential source has it, which may have another one for a session that may only read. undefined: nobody says, or
 * the resource's credential is made for no session.
 * Throws PosternError `policy.role` where they do not agree: one session is one role.
 */
export function roleOf(
  policy: Policy,
  resource: string,
  parties: readonly Party[],
  effects: ReadonlySet<Effect>,
): string | undefined {
  const credential = policy.resources[resource]?.credential;
  if (!credential || !isSource(credential)) return undefined;
  const reads = onlyReads(effects);
  const [first, ...others] = parties.map((party) => ({
    party,
    as: roleUnder(credential, party.rules.find(({ as }) => as !== undefined)?.as, reads),
  }));
  const other = others.find(({ as }) => as !== first?.as);
  if (!first || !other) return first?.as;
  throw new PosternError(
    "policy.role",
    `On ${resource} ${shown(first)} and ${shown(other)}, and a session is one of them.`,
    { hint: "Whoever keeps the policy gives both the same `as`, in the first rule of each that has one." },
  );
}

/** The role of a session whose rules name this one, or none. `reads`: it may only read. */
export function roleUnder(
  credential: Resource["credential"],
  named: string | undefined,
  reads: boolean,
): string | undefined {
  if (!credential || !isSource(credential)) return undefined;
  return named ?? (reads ? credential.readOnlyAs : undefined) ?? credential.as;
}

function shown({ party, as }: { readonly party: Party; readonly as: string | undefined }): string {
  const name = identityLabel(party.identity);
  return as === undefined ? `${name} has no role` : `${name} is ${as}`;
}
