import { PosternError } from "./error.ts";
import type { Resource } from "./protocol.ts";

const minted = Symbol("permit");

/**
 * The right to dial one resource for one session, spent by reading the credential. Only core makes
 * one (`issuePermit`), after it has decided and written the session's opening entry.
 */
export class Permit<Config = unknown> {
  #spent = false;
  readonly #resource: Resource<Config>;
  constructor(
    key: typeof minted,
    readonly session: string,
    /** The name the resource's own logs may show: `alice via postern ses_…`. */
    readonly label: string,
    resource: Resource<Config>,
    /** Aborted when nobody waits for the connection any more. */
    readonly signal?: AbortSignal,
  ) {
    if (key !== minted) throw new PosternError("permit.forged", "Only core makes a permit.");
    this.#resource = resource;
  }
  get config(): Config {
    return this.#resource.config;
  }
  /** The resource credential, once; undefined when the resource needs none. */
  async credential(): Promise<string | undefined> {
    if (this.#spent) throw new PosternError("permit.spent", "This permit has been used.");
    this.#spent = true;
    return this.#resource.credential?.read();
  }
}

/** For core alone (`session.ts`). */
export function issuePermit<Config>(
  session: string,
  label: string,
  resource: Resource<Config>,
  signal?: AbortSignal,
): Permit<Config> {
  return new Permit(minted, session, label, resource, signal);
}
