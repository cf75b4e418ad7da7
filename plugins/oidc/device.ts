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
  { audience: [audience] }: Terms,
  discovery: Discovery,
): NonNullable<OpenIdentityProvider["device"]> {
  return async (signal) => {
    const [device, token] = await Promise.all([
      discovery.endpoint("device_authorization_endpoint"),
      discovery.endpoint("token_endpoint"),
    ]);
    const from = ca === undefined ? {} : { ca };
    const resource = audience !== undefined && URL.canParse(audience) ? { resource: audience } : {};
    return await beginDeviceLogin(
      {
        device: { url: device, ...from },
        token: { url: token, ...from },
        clientId: login?.clientId ?? "",
        scopes: (login?.scopes ?? ["openid", "profile", "email"]).filter((one) => one !== "offline_access"),
        audience: audience === undefined ? {} : { audience, ...resource },
      },
      signal,
    );
  };
}
