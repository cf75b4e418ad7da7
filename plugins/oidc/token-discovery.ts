import type { OpenIdentityProvider } from "../../core/plugin.ts";
import { scopesOnce } from "./device.ts";
import type { OidcOptions } from "./options.ts";
import type { Terms } from "./terms.ts";

/**
 * Where clients that sign people in by themselves find the provider. Nothing where none of them could: workloads are given
 * their tokens, keys of a file or URL (`jwks`) need no provider that can be discovered, and an ID token is not what such a client shows.
 */
export function tokenDiscovery(
  { jwks, kind, login }: OidcOptions,
  { issuer, accepts }: Terms,
): Pick<OpenIdentityProvider, "discovery"> {
  if (jwks !== undefined || kind === "machine" || accepts === "id") return {};
  // Made as PostgreSQL makes it: libpq takes this suffix off again, and what is left must be the issuer to the letter.
  const configuration = `${issuer}/.well-known/openid-configuration`;
  return { discovery: { configuration, scope: scopesOnce(login).join(" ") } };
}
