import type { Identity, OpenIdentityProvider } from "./identity.ts";
import type { Log } from "./log.ts";
import type { Reason } from "./operation.ts";

interface Proof {
  readonly by: NonNullable<OpenIdentityProvider["revalidation"]>;
  readonly token: string;
}

/** What ends with the login of whom it belongs to: a session, or a credential with the sessions that it opened. */
export interface Lasting {
  readonly id: string;
  readonly identity: Identity;
  end(reason: Reason): void;
}

/** In this process's memory alone, and for as long as the identity that each proved is in use. */
const proofs = new WeakMap<Identity, Proof>();

/** Questions that wait for their answers at the same time; more would be a storm at the provider. */
const mostAtOnce = 8;
/** Milliseconds. */
const patience = 10_000;
/** Milliseconds that a session goes on while its provider cannot be asked. */
const defaultGrace = 15 * 60_000;

/** Remembers what an identity was proved with, where its provider wants to be asked again. */
export function keepProof(identity: Identity, { revalidation }: OpenIdentityProvider, token: string): void {
  if (revalidation && identity.kind === "person") proofs.set(identity, { by: revalidation, token });
}

/**
 * Asks identity providers from time to time whether a person's login still holds. One that says no ends the
 * session; one that cannot be asked does so after a grace. A machine's session ends with its token anyway.
 */
export class Revalidation {
  readonly #timers = new Map<Lasting, ReturnType<typeof setTimeout>>();
  readonly #waiting: (() => void)[] = [];
  #asking = 0;

  constructor(
    readonly log: Log,
    readonly grace: number = defaultGrace,
  ) {}

  /** False: nobody wants to be asked. */
  watch(session: Lasting): boolean {
    const proof = proofs.get(session.identity);
    if (proof) this.#askLater(session, proof, Date.now());
    return proof !== undefined;
  }

  forget(session: Lasting): void {
    clearTimeout(this.#timers.get(session));
    this.#timers.delete(session);
  }

  #askLater(session: Lasting, proof: Proof, good: number): void {
    const wait = proof.by.every * (0.9 + 0.2 * Math.random());
    const timer = setTimeout(() => void this.#ask(session, proof, good), wait);
    timer.unref();
    this.#timers.set(session, timer);
  }

  async #ask(session: Lasting, proof: Proof, good: number): Promise<void> {
    if (this.#asking >= mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#asking++;
    let last = good;
    try {
      const why = await inTime(proof.by.ask(session.identity, proof.token));
      if (why !== undefined) return session.end(over(why));
      last = Date.now();
    } catch (error) {
      this.log.warn({ error, session: session.id }, "an identity provider could not be asked again");
      if (Date.now() - good >= this.grace) return session.end(unknown);
    } finally {
      this.#asking--;
      this.#waiting.shift()?.();
    }
    if (this.#timers.has(session)) this.#askLater(session, proof, last);
  }
}

const over = (why: string) => ({
  code: "session.revalidation",
  message: `Your login does not hold any more: ${why}`,
  hint: "Sign in again.",
});

const unknown = {
  code: "session.revalidation-failed",
  message: "Your identity provider could not be asked for too long whether your login still holds.",
  hint: "Sign in again once it answers.",
};

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${patience} ms`)), patience);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
