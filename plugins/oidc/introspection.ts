import type { OpenIdentityProvider, Secret } from "../../core/plugin.ts";
import type { Discovery } from "./discovery.ts";
import { basic, fetchObject, type JsonObject, OtherStatus } from "./document.ts";

export interface IntrospectionTerms {
  readonly clientId: string;
  readonly secret: Secret;
  /** Milliseconds. */
  readonly every: number;
  /** Whether callers may show tokens that only the provider can read. */
  readonly opaque: boolean;
  /** Where to ask; absent: as discovery says. */
  readonly url: string | undefined;
}

/** Characters. */
const longest = 16_384;

/** Asks a provider what it knows of a token now (RFC 7662). */
export class Introspection {
  constructor(
    readonly terms: IntrospectionTerms,
    readonly discovery: Discovery,
  ) {}

  get opaque(): boolean {
    return this.terms.opaque;
  }

  /** Its answer, `active` among it; undefined: no token by its form (RFC 6750, 2.1). Rejects when it cannot be had. */
  async about(token: string): Promise<JsonObject | undefined> {
    if (token.length > longest || !/^[\w.~+/-]+=*$/.test(token)) return undefined;
    const url = this.terms.url ?? (await this.discovery.endpoint("introspection_endpoint"));
    const { clientId, secret } = this.terms;
    return fetchObject(url, {
      ca: this.discovery.ca,
      headers: { authorization: basic(clientId, await secret.read()) },
      form: new URLSearchParams({ token, token_type_hint: "access_token" }),
    });
  }

  /**
   * Only a token that the provider gives up before its time tells something: that it is over after it, is no
   * news. `skew`: milliseconds that the provider's clock may be ahead.
   */
  revalidation(skew: number): NonNullable<OpenIdentityProvider["revalidation"]> {
    return {
      every: this.terms.every,
      ask: async ({ expires = 0 }, token) => {
        if (expires - skew <= Date.now()) return undefined;
        const answer = await this.about(token).catch(unintrospectable);
        return answer?.active === false
          ? "The identity provider says that the token does not count any more."
          : undefined;
      },
    };
  }
}

/** Providers that keep no record of the JWTs they sign answer 400 (`unsupported_token_type`): they cannot tell. */
function unintrospectable(error: unknown): undefined {
  if (error instanceof OtherStatus && error.status === 400) return undefined;
  throw error;
}
