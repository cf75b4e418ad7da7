import { beginDeviceLogin, type OpenIdentityProvider } from "../../core/plugin.ts";
import type { Discovery } from "./discovery.ts";
import type { OidcOptions } from "./options.ts";
import type { Terms } from "./terms.ts";

/**
 * Signs a person in by the same public client as `postern login`, for a caller that can show an address and no
 * browser. No refresh token is asked for: what it opens is a session, and nothing is kept.
 */
export function deviceLogin(
  { login, ca }: OidcOptions,
  terms: Terms,
  discovery: Discovery,
): NonNullable<OpenIdentityProvider["device"]> {
  return async (signal) => {
    const [device, token] = await Promise.all([
      discovery.endpoint("device_authorization_endpoint"),
      discovery.endpoint("token_endpoint"),
    ]);
    const from = ca === undefined ? {} : { ca };
    return await beginDeviceLogin(
      {
        device: { url: device, ...from },
        token: { url: token, ...from },
        clientId: login?.clientId ?? "",
        scopes: scopesOnce(login),
        audience: wantedAudience(terms),
      },
      signal,
    );
  };
}

/** What is asked for by who keeps no refresh token. */
export function scopesOnce(login: OidcOptions["login"]): string[] {
  return (login?.scopes ?? ["openid", "profile", "email"]).filter((one) => one !== "offline_access");
}

/** Whom the token is to be for, in the words of providers that want to know: RFC 8707, and before it `audience`. */
export function wantedAudience({ audience: [audience] }: Terms): Readonly<Record<string, string>> {
  if (audience === undefined) return {};
  return URL.canParse(audience) ? { audience, resource: audience } : { audience };
}
