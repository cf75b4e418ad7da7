import { fetchObject, isProtected, type JsonObject } from "./document.ts";

type EndpointName =
  | "jwks_uri"
  | "introspection_endpoint"
  | "device_authorization_endpoint"
  | "token_endpoint"
  | "authorization_endpoint";

/**
 * Where a provider's keys, its introspection and its logins are (OpenID Connect Discovery 1.0, 4), found on first use
 * and looked up again after `forget`.
 */
export class Discovery {
  #found: Promise<JsonObject> | undefined;

  constructor(
    readonly issuer: string,
    readonly ca: string | undefined,
  ) {}

  /** The URL under this name. Rejects where there is none that can be trusted. */
  async endpoint(name: EndpointName): Promise<string> {
    this.#found ??= this.#discover();
    try {
      const value = (await this.#found)[name];
      const url = typeof value === "string" ? URL.parse(value) : null;
      if (!url || !isProtected(url)) throw new Error(`${this.#url} names no ${name} over https`);
      return url.href;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  forget(): void {
    this.#found = undefined;
  }

  get #url(): string {
    return `${this.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  }

  async #discover(): Promise<JsonObject> {
    const found = await fetchObject(this.#url, { ca: this.ca });
    if (found.issuer !== this.issuer) {
      throw new Error(`${this.#url} names the issuer ${JSON.stringify(found.issuer ?? null)}`);
    }
    return found;
  }
}
