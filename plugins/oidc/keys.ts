import { type CryptoKey, createLocalJWKSet, errors, type JWSHeaderParameters } from "jose";
import type { KeySource } from "./key-source.ts";

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Milliseconds after which known keys are looked up again, so that withdrawn ones stop counting. */
const freshFor = 600_000;
/** Milliseconds that known keys go on working while the provider is out of reach. */
const longestOutage = 24 * 3_600_000;
/** Milliseconds after a failure in which the provider is not asked again: callers must not add to its trouble. */
const failureRest = 1_000;
/** Milliseconds that a caller with an unknown key waits for its turn to look; a login has ten seconds. */
const patience = 5_000;

/**
 * A provider's public keys. A token is never refused over its key id because of when it came: it is judged by
 * keys that were fetched after it arrived, and callers share each fetch. Known keys work on meanwhile, and
 * through an outage of the provider.
 */
export class Keys {
  #set: KeySet | undefined;
  #fetched = 0;
  #asked = Number.NEGATIVE_INFINITY;
  #running: { readonly began: number; readonly done: Promise<void> } | undefined;
  #failure: { readonly error: Error; readonly at: number } | undefined;

  constructor(
    /** How it reads in errors. */
    readonly of: string,
    readonly source: KeySource,
    /** Milliseconds between two fetches that unknown key ids lead to. */
    readonly cooldown: number,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Fetches them ahead of the first caller, who hears of a failure. */
  prepare(): void {
    this.#fetch().done.catch(() => {});
  }

  /** The key that a token names. Rejects where the provider has none such, or gives none. */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    const came = this.now();
    const known = await this.#known();
    try {
      return await known(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#newer(came))) throw error;
      return (await this.#known())(header);
    }
  }

  async #known(): Promise<KeySet> {
    const age = this.now() - this.#fetched;
    if (!this.#set || age > longestOutage) await this.#turn();
    else if (age > freshFor && !this.#resting()) this.prepare();
    if (!this.#set) throw new Error(`the provider ${this.of} gives no keys`);
    return this.#set;
  }

  /** Whether the keys have been fetched since `came`, now or after a wait that a caller can bear. */
  async #newer(came: number): Promise<boolean> {
    if (this.#running && this.#running.began < came) await this.#running.done.catch(() => {});
    if (!this.#running && this.#asked < came) {
      const wait = this.#asked + this.cooldown - this.now();
      if (wait > patience) return false;
      if (wait > 0) await new Promise((over) => setTimeout(over, wait));
    }
    if (!this.#running && this.#asked >= came) return true;
    await this.#turn();
    return true;
  }

  async #turn(): Promise<void> {
    if (this.#failure && this.#resting()) throw this.#failure.error;
    await this.#fetch().done;
  }

  #resting(): boolean {
    return this.#failure !== undefined && this.now() < this.#failure.at + failureRest;
  }

  #fetch(): { readonly done: Promise<void> } {
    this.#running ??= { began: this.now(), done: this.#load() };
    return this.#running;
  }

  async #load(): Promise<void> {
    this.#asked = this.now();
    try {
      this.#set = createLocalJWKSet(await this.source());
      this.#fetched = this.#asked;
      this.#failure = undefined;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new Error(`the provider ${this.of} gives no keys: ${why}`, { cause });
      this.#failure = { error, at: this.now() };
      throw error;
    } finally {
      this.#running = undefined;
    }
  }
}
