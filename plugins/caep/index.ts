import { onlyKnown, type Secret, type SignalSource } from "../../core/plugin.ts";
import { caepFace } from "./face.ts";
import { jwksFrom } from "./keys.ts";
import { type Algorithm, algorithms } from "./set.ts";

export interface CaepOptions {
  /** Who sends: `iss` of its tokens. */
  readonly issuer: string;
  /** Whom they are for: `aud`. */
  readonly audience: string;
  /** Where its keys are; absent: as `<issuer>/.well-known/ssf-configuration` says. */
  readonly jwks?: string;
  /** The issuer of the identities that it speaks of. Default: `issuer`. */
  readonly of?: string;
  /** The whole `Authorization` header that it was told to send; absent: its signature alone proves who it is. */
  readonly authorization?: Secret;
  /** Default: all that `algorithms` lists. */
  readonly algorithms?: readonly [Algorithm, ...Algorithm[]];
  /** It is reached at `/signals/<path>`. Default `caep`. */
  readonly path?: string;
}

/**
 * A receiver of Shared Signals by push (OpenID CAEP and RISC events, RFC 8935): a session that is revoked, a
 * credential that is changed or an account that is disabled there ends here within a second.
 *
 *     signals: [caep({ issuer: "https://login.example.com", audience: "https://gateway.example.com" })]
 *
 * Throws PosternError `policy.option`, `caep.url`; opening throws `secret.unavailable`.
 */
export function caep(options: CaepOptions): SignalSource {
  onlyKnown<CaepOptions>("caep", options, {
    ...{ issuer: true, audience: true, jwks: true, of: true },
    ...{ authorization: true, algorithms: true, path: true },
  });
  const { issuer, audience, jwks, of = issuer, authorization, path = "caep" } = options;
  const keys = jwksFrom(issuer, jwks);
  return {
    name: `caep ${issuer}`,
    async open() {
      await authorization?.read();
      const terms = { issuer, audience, keys, of, path, algorithms: options.algorithms ?? algorithms };
      return { web: caepFace({ ...terms, ...(authorization ? { authorization } : {}) }) };
    },
  };
}
