import { type Identity, type MintRequest, NotAccepted, PosternError } from "../../core/plugin.ts";

export const issuer = "postern:local";

/** No chain of delegation is longer. */
const longest = 8;

/**
 * What a token says of its holder. `for`: whom it acts for, as the same claims; not `act` of RFC 8693, which tells
 * of the one who acts inside the token of the other.
 */
interface Claims {
  readonly sub: string;
  readonly groups: readonly string[];
  readonly kind: Identity["kind"];
  readonly person?: string;
  readonly for?: Claims;
}

/** Throws PosternError `local.acting-for`. */
export function claimsOf({ subject, groups, kind, person, actingFor }: Omit<MintRequest, "ttl">): Claims {
  if (actingFor !== undefined && actingFor.issuer !== issuer) {
    throw new PosternError("local.acting-for", "local() speaks for its own identities only.", {
      hint: "Give it a token that `postern token mint` has made.",
    });
  }
  return {
    sub: subject,
    groups,
    kind,
    ...(person === undefined ? {} : { person }),
    ...(actingFor === undefined ? {} : { for: claimsOf(actingFor) }),
  };
}

/** Throws NotAccepted. */
export function identityIn(claims: object, depth = 1): Identity {
  const { sub, groups, kind, person, for: other } = claims as Partial<Record<keyof Claims, unknown>>;
  if (depth > longest) throw new NotAccepted("local: the chain of delegation is too long.");
  if (typeof sub !== "string" || sub === "") throw new NotAccepted("local: the token has no subject.");
  if (kind !== "person" && kind !== "machine") throw new NotAccepted("local: the token names no kind.");
  if (!Array.isArray(groups) || !groups.every((name) => typeof name === "string")) {
    throw new NotAccepted("local: the groups of the token are no list of names.");
  }
  if (person !== undefined && typeof person !== "string") {
    throw new NotAccepted("local: what the token calls a person is no name.");
  }
  if (other !== undefined && (typeof other !== "object" || other === null)) {
    throw new NotAccepted("local: whom the token acts for is nobody.");
  }
  return {
    issuer,
    subject: sub,
    kind,
    groups,
    ...(person === undefined ? {} : { person }),
    ...(other === undefined ? {} : { actingFor: identityIn(other, depth + 1) }),
  };
}
