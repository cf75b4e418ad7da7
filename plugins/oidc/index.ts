import { type IdentityProvider, milliseconds, type OpenIdentityProvider } from "../../core/plugin.ts";
import { Browsers } from "./browser.ts";
import { browserFace } from "./browser-face.ts";
import { deviceLogin, wantedAudience } from "./device.ts";
import { Discovery } from "./discovery.ts";
import { Introspection } from "./introspection.ts";
import { keySourceOf } from "./key-source.ts";
import { Keys } from "./keys.ts";
import { logoutFace } from "./logout.ts";
import type { OidcOptions } from "./options.ts";
import { type Terms, termsOf } from "./terms.ts";
import { tokenDiscovery } from "./token-discovery.ts";
import { identifying } from "./tokens.ts";

export type { Claims } from "./claims.ts";
export type { ClaimConditions, Condition } from "./conditions.ts";
export type { Algorithm, OidcOptions } from "./options.ts";

/**
 * Identities from an OpenID Connect provider, or whoever else signs tokens for its workloads: its signed
 * tokens (JWT) are what callers show.
 *
 *     oidc({ issuer: "https://login.example.com", audience: "postern", groups: ["realm_access", "roles"] })
 *
 * Throws PosternError `oidc.issuer`, `oidc.keys`, `oidc.algorithms`, `oidc.claims`, `policy.duration`, `policy.option`.
 */
export function oidc(options: OidcOptions): IdentityProvider {
  const terms = termsOf(options);
  const { issuer } = terms;
  const discovery = () => new Discovery(issuer, options.ca);
  const source = keySourceOf(options);
  const cooldown = milliseconds(options.jwksCooldown ?? "1s");
  const asking = options.introspection;
  const introspectionTerms = asking && {
    clientId: asking.clientId,
    secret: asking.secret,
    every: milliseconds(asking.every ?? "1m"),
    opaque: asking.opaque ?? false,
    url: asking.url,
  };
  return {
    name: `oidc ${issuer}`,
    /** The provider need not answer for the gateway to start: until it does, its callers are refused. */
    async open() {
      const found = discovery();
      const keys = new Keys(issuer, source(found), cooldown);
      keys.prepare();
      const introspection = introspectionTerms && new Introspection(introspectionTerms, found);
      return {
        identify: identifying(keys, terms, introspection),
        vouchesFor: (other) => other.issuer === issuer,
        ...(introspection ? { revalidation: introspection.revalidation(terms.clockTolerance * 1000) } : {}),
        ...signIn(options, terms, keys, found),
        ...(options.login ? { device: deviceLogin(options, terms, found) } : {}),
        ...tokenDiscovery(options, terms),
      };
    },
  };
}

/** How people come in by a browser, and how a logout there is heard of. */
function signIn(
  { login, logout, introspection, browser }: OidcOptions,
  terms: Terms,
  keys: Keys,
  discovery: Discovery,
): Pick<OpenIdentityProvider, "login" | "web"> {
  if (!login && !logout && !browser) return {};
  const { issuer, audience, authorizedParty = [] } = terms;
  const path = logout?.path ?? placeOf(issuer);
  const clients = [
    login?.clientId,
    browser?.clientId,
    introspection?.clientId,
    ...authorizedParty,
    ...(logout?.clients ?? []),
  ];
  const logouts = logoutFace(keys, {
    ...terms,
    path,
    ends: logout?.ends ?? "subject",
    audience: [...audience, ...clients.filter((id) => id !== undefined)],
  });
  const wanted = terms.accepts === "id" ? {} : wantedAudience(terms);
  return {
    web: browser ? browserFace(new Browsers(browser, terms, wanted, discovery, keys), logouts) : logouts,
    ...(login
      ? {
          login: {
            kind: "oidc",
            name: path,
            issuer,
            clientId: login.clientId,
            scopes: login.scopes ?? ["openid", "profile", "email", "offline_access"],
            ...(audience[0] === undefined ? {} : { audience: audience[0] }),
          },
        }
      : {}),
  };
}

/** `https://login.example.com/realms/staff` → `login.example.com-realms-staff`. */
function placeOf(issuer: string): string {
  return issuer
    .replace(/^\w+:\/\//, "")
    .replace(/\/+$/, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-");
}
