import { importPKCS8 } from "jose";
import * as oauth from "oauth4webapi";
import { type CredentialSource, isLoopback, oneOf, onlyKnown, type Secret } from "../../../core/plugin.ts";
import { failed, unfit } from "./failed.ts";
import { Renewed } from "./renewed.ts";
import { tokenByClient } from "./token-endpoint.ts";

export interface OAuthClientOptions {
  /** The token endpoint: `https://login.example.com/oauth2/token`. In clear only on the loopback interface. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** The client's secret; with `auth: "private_key_jwt"` its private key, PKCS #8 in PEM. */
  readonly clientSecret: Secret;
  /** Scopes, parted by blanks. */
  readonly scope?: string;
  /** Whom the token is for, where the endpoint asks for it. */
  readonly audience?: string;
  /** How the client shows who it is (OpenID Connect Core, 9). Default: `"basic"`. */
  readonly auth?: "basic" | "post" | "private_key_jwt";
  /** With `private_key_jwt`: the id of the key, and its algorithm. Default: `ES256`. */
  readonly keyId?: string;
  readonly algorithm?: string;
  /** PEM file: the authorities that issue the endpoint's certificate. The public ones unless given. */
  readonly ca?: string;
}

/**
 * A token that the gateway gets as an OAuth 2.0 client (RFC 6749, 4.4): one for all sessions of a worker, renewed
 * before it ends.
 *
 *     http({ url, credential: oauthClient({ tokenUrl, clientId: "postern", clientSecret: env("CLIENT_SECRET") }) })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function oauthClient(options: OAuthClientOptions): CredentialSource {
  onlyKnown<OAuthClientOptions>("oauthClient", options, {
    tokenUrl: true,
    clientId: true,
    clientSecret: true,
    scope: true,
    audience: true,
    auth: true,
    keyId: true,
    algorithm: true,
    ca: true,
  });
  const { tokenUrl, clientId, scope, audience, ca } = options;
  const url = URL.parse(tokenUrl);
  if (url === null || `${url.username}${url.password}${url.hash}` !== "")
    throw unfit("oauthClient", "tokenUrl is no URL of a token endpoint");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
    throw unfit("oauthClient", "tokenUrl would take the client's secret across the network in clear");
  if (clientId === "") throw unfit("oauthClient", "clientId is empty");
  oneOf("way of showing the client", options.auth ?? "basic", ["basic", "post", "private_key_jwt"]);
  const parameters = {
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
  };
  const token = new Renewed(async () =>
    tokenByClient({ tokenUrl, clientId, auth: await shownAs(options), parameters, ca }),
  );
  return {
    label: `token of ${clientId} from ${url.host}`,
    issue: async () => ({
      value: await token.current(),
      id: clientId,
      current: () => token.current(),
    }),
  };
}

async function shownAs(options: OAuthClientOptions): Promise<oauth.ClientAuth> {
  const { clientSecret, auth = "basic", algorithm = "ES256", keyId, tokenUrl } = options;
  const secret = await clientSecret.read();
  if (auth === "basic") return oauth.ClientSecretBasic(secret);
  if (auth === "post") return oauth.ClientSecretPost(secret);
  const key = await importPKCS8(secret, algorithm).catch(() => {
    throw failed(`${clientSecret.label} holds no private key for ${algorithm}`);
  });
  return oauth.PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
    // What every endpoint takes (RFC 7523, 3).
    [oauth.modifyAssertion]: (_header, payload) => {
      payload.aud = tokenUrl;
    },
  });
}
