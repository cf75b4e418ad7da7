import { jwtVerify } from "jose";
import { NotAccepted } from "../../core/plugin.ts";
import { isObject } from "./document.ts";
import type { Keys } from "./keys.ts";
import { shapeOf } from "./token-shape.ts";

export interface LogoutTerms {
  readonly issuer: string;
  /** Client ids, and whatever else the provider may address a logout to. */
  readonly audience: readonly string[];
  readonly algorithms: string[];
  /** Seconds. */
  readonly clockTolerance: number;
  /** The claim that tells callers apart. */
  readonly subject: string;
}

export interface Logout {
  /** `jti`. */
  readonly id: string;
  /** Epoch milliseconds after which the token is too old to count. */
  readonly until: number;
  readonly session?: string;
  readonly subject?: string;
}

const event = "http://schemas.openid.net/event/backchannel-logout";
/** Seconds that a logout may be on its way. */
const longestWay = 300;

/** Who was logged out (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6). Throws NotAccepted, with the check that failed. */
export async function logoutIn(token: string, keys: Keys, terms: LogoutTerms): Promise<Logout> {
  const { header } = shapeOf(token);
  if (header.typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(String(header.typ))) {
    throw new NotAccepted("oidc: the token is of another type than a logout token (typ).");
  }
  const { jti, iat, events, nonce, sid, ...claims } = await verified(token, keys, terms);
  if (nonce !== undefined) throw new NotAccepted("oidc: a logout token has no nonce.");
  if (!isObject(events) || !isObject(events[event])) {
    throw new NotAccepted("oidc: the token tells of no logout (events).");
  }
  if (typeof jti !== "string" || jti === "") throw new NotAccepted("oidc: the logout token has no id (jti).");
  const { [terms.subject]: subject } = claims;
  const named = {
    ...(typeof sid === "string" && sid !== "" ? { session: sid } : {}),
    ...(typeof subject === "string" && subject !== "" ? { subject } : {}),
  };
  if (Object.keys(named).length === 0) {
    throw new NotAccepted(`oidc: the logout token names nobody (sid, ${terms.subject}).`);
  }
  return { id: jti, until: (Number(iat) + longestWay + terms.clockTolerance) * 1000, ...named };
}

async function verified(token: string, keys: Keys, terms: LogoutTerms): Promise<Record<string, unknown>> {
  try {
    const { payload } = await jwtVerify(token, (header) => keys.find(header), {
      issuer: terms.issuer,
      audience: [...terms.audience],
      algorithms: terms.algorithms,
      clockTolerance: terms.clockTolerance,
      maxTokenAge: longestWay,
      requiredClaims: ["iat", "jti", "events"],
    });
    return payload;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotAccepted(`oidc: ${why}`, { cause: error });
  }
}
