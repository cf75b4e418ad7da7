import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from "jose";
import { fetchDocument, isProtected } from "./document.ts";

/** Milliseconds. */
const timeout = 5_000;
/** Milliseconds after a failure in which the provider is not asked again: callers must not add to its trouble. */
const failureRest = 1_000;

/**
 * The provider's keys, found on first use (OpenID Connect Discovery 1.0, 4) and kept by jose. Each of its
 * failures says what to look at; the next call after a short rest tries again.
 */
export class Keys {
  #found: Promise<RemoteJWKSet> | undefined;
  #failure: { readonly error: Error; readonly at: number } | undefined;

  constructor(
    readonly issuer: string,
    /** Milliseconds in which an unknown key id does not lead to another fetch. */
    readonly cooldown: number,
  ) {}

  async find(): Promise<RemoteJWKSet> {
    this.#throwWhileResting();
    this.#found ??= this.#discover();
    try {
      return await this.#found;
    } catch (error) {
      this.#found = undefined;
      throw this.#failed(error);
    }
  }

  async #discover(): Promise<RemoteJWKSet> {
    const url = `${this.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetchDocument(url, { signal: AbortSignal.timeout(timeout) });
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    const found: unknown = await response.json();
    if (typeof found !== "object" || found === null) throw new Error(`${url} is no JSON object`);
    if (!("issuer" in found) || found.issuer !== this.issuer) {
      throw new Error(`${url} names the issuer ${JSON.stringify("issuer" in found ? found.issuer : null)}`);
    }
    const keys = "jwks_uri" in found && typeof found.jwks_uri === "string" ? URL.parse(found.jwks_uri) : null;
    if (!keys || !isProtected(keys)) throw new Error(`${url} names no jwks_uri over https`);
    return createRemoteJWKSet(keys, {
      cooldownDuration: this.cooldown,
      timeoutDuration: timeout,
      [customFetch]: (keysUrl, init) => this.#fetchKeys(keysUrl, init),
    });
  }

  async #fetchKeys(url: string, init: { headers: Headers; signal: AbortSignal }): Promise<Response> {
    this.#throwWhileResting();
    try {
      const response = await fetchDocument(url, init);
      if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
      return response;
    } catch (error) {
      // The keys may have moved: the next call discovers again.
      this.#found = undefined;
      throw this.#failed(error);
    }
  }

  #throwWhileResting(): void {
    if (this.#failure && Date.now() < this.#failure.at + failureRest) throw this.#failure.error;
  }

  #failed(cause: unknown): Error {
    if (this.#failure && cause === this.#failure.error) return this.#failure.error;
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(`the provider ${this.issuer} gives no keys: ${why}`, { cause });
    this.#failure = { error, at: Date.now() };
    return error;
  }
}
