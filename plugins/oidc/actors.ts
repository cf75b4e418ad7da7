import { NotAccepted } from "../../core/plugin.ts";
import type { Claims } from "./claims.ts";
import { isObject } from "./document.ts";

/** Hops of one delegation. Whoever needs more has lost sight of who acts. */
export const mostActors = 8;

/**
 * Who acts for the subject of a token: who acts now first (RFC 8693, 4.1). That page calls the inner ones
 * history; here each is a party whose rights count, since whoever passed the authority on had no more of it.
 * Throws NotAccepted.
 */
export function actorsOf(claims: Claims): readonly Claims[] {
  const actors: Claims[] = [];
  for (let at = claims; at.act !== undefined; ) {
    if (!isObject(at.act)) throw new NotAccepted("oidc: the act claim is no object.");
    if (actors.length === mostActors) {
      throw new NotAccepted(`oidc: more than ${mostActors} actors act for the subject.`);
    }
    at = at.act;
    actors.push(at);
  }
  return actors;
}
