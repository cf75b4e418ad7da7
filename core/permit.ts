import { type CredentialRequest, isSource, type ResourceCredential } from "./credential/source.ts";
import { PosternError } from "./error.ts";
import type { Effect } from "./operation.ts";
import type { Resource } from "./protocol.ts";

const minted = Symbol("permit");
const none: ReadonlySet<Effect> = new Set();

/** What a credential source is told beside the resource's own configuration. */
export interface PermitTerms extends Omit<CredentialRequest, "config"> {
  /** Absent: nothing, for a connection of the gateway's own. */
  readonly effects?: ReadonlySet<Effect>;
}

/**
 * The right to dial one resource for one session, spent by reading the credential. Only core makes
 * one (`issuePermit`), after it has decided and written the session's opening entry.
 */
export class Permit<Config = unknown> {
  #spent = false;
  #issued: Promise<ResourceCredential | undefined> | undefined;
  readonly #resource: Resource<Config>;
  readonly #terms: PermitTerms;
  constructor(key: typeof minted, resource: Resource<Config>, terms: PermitTerms) {
    if (key !== minted) throw new PosternError("permit.forged", "Only core makes a permit.");
    this.#resource = resource;
    this.#terms = terms;
  }
  get session(): string {
    return this.#terms.session;
  }
  /** The name the resource's own logs may show: `alice via postern ses_…`. */
  get label(): string {
    return this.#terms.label;
  }
  /** Aborted when nobody waits for the connection any more. */
  get signal(): AbortSignal | undefined {
    return this.#terms.signal;
  }
  /** What the session's rights allow at all when it begins, on whatever target. */
  get effects(): ReadonlySet<Effect> {
    return this.#terms.effects ?? none;
  }
  get config(): Config {
    return this.#resource.config;
  }
  /**
   * The resource credential, once; undefined when the resource needs none. `login`: whom the protocol is about to
   * log in as, where the caller has a choice.
   */
  async credential(login?: string): Promise<ResourceCredential | undefined> {
    if (this.#spent) throw new PosternError("permit.spent", "This permit has been used.");
    this.#spent = true;
    this.#issued = this.#issue(login);
    return await this.#issued;
  }
  /** For core alone: what was made for this permit, which is unmade once its connection is closed. */
  get issued(): Promise<ResourceCredential | undefined> {
    return this.#issued ?? Promise.resolve(undefined);
  }
  /** For core alone: unmakes what was made for this permit, once its connection is closed. */
  async close(): Promise<void> {
    const issued = await this.#issued?.catch(() => undefined);
    await issued?.close?.();
  }
  async #issue(login?: string): Promise<ResourceCredential | undefined> {
    const { credential } = this.#resource;
    if (!credential) return undefined;
    if (!isSource(credential)) return { value: await credential.read() };
    const named = login === undefined ? {} : { login };
    const { effects: _, ...terms } = this.#terms;
    return await credential.issue({ ...terms, ...named, config: this.config });
  }
}

/** For core alone (`connection.ts`). */
export function issuePermit<Config>(resource: Resource<Config>, terms: PermitTerms): Permit<Config> {
  return new Permit(minted, resource, terms);
}
