import type { SessionLimits } from "../supervision.ts";

/** Counts the sessions of all workers, those included that are about to open. */
export class Places {
  readonly #taken = new Map<string, { readonly worker: number; readonly identity: string }>();
  readonly #byIdentity = new Map<string, number>();

  /** Takes a place for a session; else the limit that is in the way. */
  take(
    worker: number,
    session: string,
    identity: string,
    limits: SessionLimits,
  ): keyof SessionLimits | undefined {
    const own = this.#byIdentity.get(identity) ?? 0;
    if (this.#taken.size >= limits.sessions) return "sessions";
    if (own >= limits.sessionsPerIdentity) return "sessionsPerIdentity";
    this.#taken.set(session, { worker, identity });
    this.#byIdentity.set(identity, own + 1);
    return undefined;
  }

  giveBack(session: string): void {
    const place = this.#taken.get(session);
    if (!place) return;
    this.#taken.delete(session);
    const left = (this.#byIdentity.get(place.identity) ?? 1) - 1;
    if (left === 0) this.#byIdentity.delete(place.identity);
    else this.#byIdentity.set(place.identity, left);
  }

  workerGone(worker: number): void {
    for (const [session, place] of this.#taken) if (place.worker === worker) this.giveBack(session);
  }
}
