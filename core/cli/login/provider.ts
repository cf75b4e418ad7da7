import { PosternError } from "../../error.ts";
import type { LoginMethod } from "../../web.ts";
import { isProtected } from "./gateway.ts";

export type OidcMethod = Extract<LoginMethod, { kind: "oidc" }>;

/** What the command line needs of a provider's metadata (OpenID Connect Discovery 1.0, 3). */
export interface Provider {
  readonly authorize?: string;
  readonly token: string;
  /** RFC 8628. */
  readonly device?: string;
  /** RFC 7009. */
  readonly revoke?: string;
}

/** Milliseconds. */
const patience = 30_000;

/** Throws PosternError `login.provider`. */
export async function discover(issuer: string, signal: AbortSignal): Promise<Provider> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  let found: Readonly<Record<string, unknown>>;
  try {
    if (!isProtected(new URL(url))) throw new Error("it is not protected by TLS");
    const both = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const response = await fetch(url, { redirect: "manual", signal: both });
    found = { ...((await response.json()) as object) };
  } catch (cause) {
    signal.throwIfAborted();
    throw wrong(issuer, (cause as Error).message, cause);
  }
  if (found.issuer !== issuer) throw wrong(issuer, `it calls itself ${JSON.stringify(found.issuer)}`);
  const token = endpoint(found, "token_endpoint");
  if (token === undefined) throw wrong(issuer, "it names no token_endpoint over https");
  const authorize = endpoint(found, "authorization_endpoint");
  const device = endpoint(found, "device_authorization_endpoint");
  const revoke = endpoint(found, "revocation_endpoint");
  return {
    token,
    ...(authorize === undefined ? {} : { authorize }),
    ...(device === undefined ? {} : { device }),
    ...(revoke === undefined ? {} : { revoke }),
  };
}

/** Says whom the token is for: RFC 8707, and the older habit of `audience`. */
export function audienceOf({ audience }: OidcMethod): Record<string, string> {
  if (audience === undefined) return {};
  return { audience, ...(URL.canParse(audience) ? { resource: audience } : {}) };
}

function endpoint(found: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = found[name];
  const url = typeof value === "string" ? URL.parse(value) : null;
  return url && isProtected(url) ? url.href : undefined;
}

function wrong(issuer: string, why: string, cause?: unknown): PosternError {
  return new PosternError("login.provider", `The identity provider ${issuer} cannot be used: ${why}.`, {
    hint: "Check the network; NODE_EXTRA_CA_CERTS=FILE makes a private authority known.",
    ...(cause === undefined ? {} : { cause }),
  });
}
