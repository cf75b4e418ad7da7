import type { EndingWish } from "../ending.ts";
import type { Identity } from "../identity.ts";
import type { Log } from "../log.ts";
import { type Lasting, Revalidation } from "../revalidation.ts";

/** The longest that a timer can wait (milliseconds). */
const longest = 2 ** 31 - 1;

/**
 * Issued credentials rest on a token, which workers never see: here its provider is asked again, as they do for the
 * tokens that they were shown. Where it does not hold any more, it ends with all that was issued from it and what that
 * opened, on every gateway. The token is in this process's memory alone: after a restart nobody is asked.
 */
export class Resting {
  readonly #tokens = new Map<string, Lasting>();

  constructor(
    readonly end: (wish: EndingWish) => Promise<unknown>,
    readonly log: Log,
    readonly revalidation: Revalidation = new Revalidation(log),
  ) {}

  /** `on`: as the token proved it. */
  watch(credential: string, on: Identity): void {
    const id = on.credentialId ?? credential;
    const lasts = (on.expires ?? Number.POSITIVE_INFINITY) - Date.now();
    if (this.#tokens.has(id) || lasts <= 0) return;
    const token: Lasting = {
      id,
      identity: on,
      end: (reason) => {
        this.#forget(token);
        this.end({ of: { kind: "credential", id }, by: "gateway", reason }).catch((error: unknown) =>
          this.log.error({ error, credential: id }, "the end of a login could not be kept"),
        );
      },
    };
    if (!this.revalidation.watch(token)) return;
    this.#tokens.set(id, token);
    setTimeout(() => this.#forget(token), Math.min(lasts, longest)).unref();
  }

  #forget(token: Lasting): void {
    this.revalidation.forget(token);
    this.#tokens.delete(token.id);
  }
}
