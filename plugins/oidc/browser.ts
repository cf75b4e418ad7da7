import { jwtVerify } from "jose";
import {
  type BrowserSignIn,
  type CodeLogin,
  LoginCodes,
  NotAccepted,
  randomSecret,
  type Secret,
  ShortLived,
  sameText,
  type WebTools,
} from "../../core/plugin.ts";
import type { Discovery } from "./discovery.ts";
import { basic, fetchObject, type JsonObject } from "./document.ts";
import type { Keys } from "./keys.ts";
import type { Terms } from "./terms.ts";
import { shapeOf } from "./token-shape.ts";

/** The client by which browsers are signed in. */
export interface BrowserClient {
  readonly clientId: string;
  /** Of a confidential client. */
  readonly clientSecret?: Secret;
  readonly scopes?: readonly string[];
}

/** A login that the provider is asked for, by the `state` that it brings back. */
interface Begun {
  /** What the gateway wants to be told in the end. */
  readonly login: CodeLogin;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly nonce: string;
}

/** The authorization code flow at the provider, for people who come to a resource with a browser (OpenID Connect Core 1.0, 3.1). */
export class Browsers {
  /** Anybody can begin one: who begins many loses their own, and nobody else's before ten sources do. */
  readonly #begun = new ShortLived<Begun>(10 * 60_000, 10_000, 1_000);
  readonly #codes = new LoginCodes<string>();

  constructor(
    readonly client: BrowserClient,
    readonly terms: Terms,
    /** Sent along, so that the token is made for the gateway. */
    readonly audience: Readonly<Record<string, string>>,
    readonly discovery: Discovery,
    readonly keys: Keys,
  ) {}

  readonly signIn: BrowserSignIn = {
    begin: (login, tools) => this.#begin(login, tools),
    redeem: async (shown) => this.#codes.redeem(shown),
  };

  /** `GET callback`: where the browser goes on to. Throws NotAccepted, with the check that failed. */
  async callback(query: URLSearchParams): Promise<string> {
    const begun = this.#begun.take(one(query, "state") ?? "");
    if (!begun)
      throw new NotAccepted("oidc: the answer is to no login that began here, or one that took too long");
    const { issuer } = this.terms;
    // RFC 9207: the code of another provider must not get to this one.
    if ((one(query, "iss") ?? issuer) !== issuer)
      throw new NotAccepted("oidc: the answer is another issuer's");
    const error = one(query, "error");
    if (error !== undefined)
      throw new NotAccepted(`oidc: the provider says ${JSON.stringify(error.slice(0, 100))}`);
    const code = one(query, "code");
    if (!code) throw new NotAccepted("oidc: the answer has no code");
    const tokens = await this.#tokens(code, begun);
    await this.#checkNonce(tokens, begun.nonce);
    const token = this.terms.accepts === "id" ? tokens.id_token : tokens.access_token;
    if (typeof token !== "string" || token === "")
      throw new NotAccepted("oidc: the provider gave no access_token");
    return this.#codes.grant(begun.login, token);
  }

  async #begin(login: CodeLogin, { url, source }: WebTools): Promise<string> {
    const endpoint = await this.discovery.endpoint("authorization_endpoint");
    // Only whom a browser asks has to load it: the supervisor, not its workers.
    const { CodeChallengeMethod, generateCodeVerifier, OAuth2Client } = await import("arctic");
    const [state, nonce, verifier] = [randomSecret(), randomSecret(), generateCodeVerifier()];
    const redirectUri = `${url}/callback`;
    const client = new OAuth2Client(this.client.clientId, null, redirectUri);
    const scopes = [...new Set(["openid", ...(this.client.scopes ?? ["profile", "email"])])];
    const to = client.createAuthorizationURLWithPKCE(
      endpoint,
      state,
      CodeChallengeMethod.S256,
      verifier,
      scopes,
    );
    to.searchParams.set("nonce", nonce);
    for (const [name, value] of Object.entries(this.audience)) to.searchParams.set(name, value);
    this.#begun.put(state, { login, redirectUri, verifier, nonce }, source);
    return to.href;
  }

  async #tokens(code: string, { redirectUri, verifier }: Begun): Promise<JsonObject> {
    const { clientId, clientSecret } = this.client;
    const url = await this.discovery.endpoint("token_endpoint");
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const secret = await clientSecret?.read();
    try {
      return await fetchObject(url, {
        ca: this.discovery.ca,
        // RFC 6749, 2.3.1; a public client names itself.
        ...(secret === undefined ? {} : { headers: { authorization: basic(clientId, secret) } }),
        form: new URLSearchParams({
          ...fields,
          ...(secret === undefined ? { client_id: clientId } : {}),
          ...this.audience,
        }),
      });
    } catch (cause) {
      throw new NotAccepted(`oidc: the code was not accepted: ${(cause as Error).message}`, { cause });
    }
  }

  /** The tokens are of the login that began here, and of no other (OpenID Connect Core 1.0, 3.1.3.7). */
  async #checkNonce({ id_token: token }: JsonObject, nonce: string): Promise<void> {
    if (typeof token !== "string") throw new NotAccepted("oidc: the provider gave no id_token");
    const { issuer, algorithms, clockTolerance } = this.terms;
    const { clientId } = this.client;
    shapeOf(token);
    const checked = await jwtVerify(token, (header) => this.keys.find(header), {
      ...{ issuer, algorithms, clockTolerance, audience: clientId },
      requiredClaims: ["exp", "iat", "sub", "nonce"],
    }).catch((cause: Error) => {
      throw new NotAccepted(`oidc: id_token: ${cause.message}`, { cause });
    });
    const { nonce: told, azp = clientId } = checked.payload;
    if (typeof told !== "string" || !sameText(told, nonce)) {
      throw new NotAccepted("oidc: the id_token is of another login (nonce)");
    }
    if (azp !== clientId) throw new NotAccepted("oidc: the id_token was made for another client (azp)");
  }
}

/** Throws NotAccepted where it is said twice. */
function one(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name);
  if (more.length > 0) throw new NotAccepted(`oidc: the answer says ${name} more than once`);
  return value;
}
