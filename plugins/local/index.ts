import { join } from "node:path";
import {
  type Duration,
  type IdentityContext,
  type IdentityProvider,
  milliseconds,
  onlyKnown,
  PosternError,
  signingKey,
} from "../../core/plugin.ts";
import { type LocalTerms, openTokens } from "./tokens.ts";

export interface LocalOptions {
  /** What a token must be for. */
  readonly audience?: string;
  /** The longest life of a token. */
  readonly ttlMax?: Duration;
  /**
   * Serve beyond the loopback interface as well. Whoever can write to the data folder can be anyone, so
   * it must be said twice: here, and by POSTERN_LOCAL_OFF_LOOPBACK=yes where the gateway starts.
   */
  readonly offLoopback?: boolean;
}

/**
 * Identities out of the gateway's own key, minted by `postern token mint`: for a demo, for tests, for a
 * first day without an identity provider.
 *
 *     identity: [local({ ttlMax: "8h" })]
 */
export function local(options: LocalOptions = {}): IdentityProvider {
  onlyKnown<LocalOptions>("local", options, { audience: true, ttlMax: true, offLoopback: true });
  const terms: LocalTerms = {
    audience: options.audience ?? "postern",
    ttlMax: milliseconds(options.ttlMax ?? "24h"),
  };
  return {
    name: "local",
    async open(context) {
      refuseOffLoopback(context, options.offLoopback === true);
      return openTokens(await signingKey(join(context.dataDir, "identity"), "local.key"), terms);
    },
  };
}

function refuseOffLoopback(context: IdentityContext, inPolicy: boolean): void {
  const inEnvironment = process.env.POSTERN_LOCAL_OFF_LOOPBACK === "yes";
  if (context.loopbackOnly || (inPolicy && inEnvironment)) return;
  const missing = [
    ...(inPolicy ? [] : ["local({ offLoopback: true }) in the policy"]),
    ...(inEnvironment ? [] : ["POSTERN_LOCAL_OFF_LOOPBACK=yes in the environment"]),
  ];
  throw new PosternError(
    "local.off-loopback",
    "local() serves the loopback interface only: whoever can read the data folder can be anyone.",
    {
      hint: `Use oidc(), or listen on 127.0.0.1. If it must be, say so twice; missing: ${missing.join("; ")}.`,
    },
  );
}
