import { isSource, type Lease } from "../credential/source.ts";
import type { Log } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/store.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";
import type { Board } from "./board.ts";

export interface SweeperParts {
  readonly gateway: string;
  readonly store: Pick<Store, "call">;
  readonly board: Pick<Board, "session">;
  readonly trail: Pick<StreamTrail, "append">;
  readonly log: Log;
  readonly policy: () => Policy;
  /** Milliseconds between two sweeps. Default 60 s. */
  readonly every?: number;
}

/** Milliseconds past its end after which another gateway's lease is taken for forgotten. */
const margin = 60_000;

/**
 * Removes from resources what sessions left behind: at the start what an earlier gateway did, when a worker
 * died what it did, and on a timer the rest. What a session that is open holds is never touched.
 */
export class Sweeper {
  readonly #startedAt = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** One sweep at a time. */
  #turn: Promise<void> = Promise.resolve();
  /** Leases that no session held at the last sweep: a session that has just ended may be unmaking its own. */
  #forsaken: ReadonlySet<string> = new Set();

  constructor(readonly parts: SweeperParts) {}

  start(): void {
    void this.sweep();
    this.#timer = setInterval(() => void this.sweep(), this.parts.every ?? 60_000);
    this.#timer.unref();
  }

  /** Resolves when it is done. Never rejects. */
  sweep(): Promise<void> {
    return this.#next(async () => {
      const leases = await this.parts.store.call("leasesToCheck", this.parts.gateway);
      const now = Date.now();
      const forsaken = leases.filter((lease) => this.#forsakes(lease));
      const due = forsaken.filter(({ id, madeAt }) => madeAt < this.#startedAt || this.#forsaken.has(id));
      this.#forsaken = new Set(forsaken.map(({ id }) => id));
      const late = leases.filter(({ until }) => until + margin <= now);
      await this.#remove([...new Set([...due, ...late])]);
    });
  }

  /** Its sessions ended with it, and nobody unmakes what they had. */
  workerDied(worker: number): Promise<void> {
    const diedAt = Date.now();
    return this.#next(async () => {
      const leases = await this.parts.store.call("leasesOfWorker", this.parts.gateway, worker);
      await this.#remove(leases.filter((lease) => lease.madeAt <= diedAt && this.#forsakes(lease)));
    });
  }

  /** Resolves when no sweep runs. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
  }

  #forsakes({ gateway, session }: Lease): boolean {
    return gateway === this.parts.gateway && this.parts.board.session(session) === undefined;
  }

  #next(what: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(what).catch((error: unknown) => {
      this.parts.log.error({ error }, "what sessions left on resources could not be looked for");
    });
    return this.#turn;
  }

  async #remove(leases: readonly Lease[]): Promise<void> {
    const resources = Map.groupBy(leases, ({ resource }) => resource);
    await Promise.all([...resources].map(([resource, its]) => this.#removeFrom(resource, its)));
  }

  async #removeFrom(resource: string, leases: readonly Lease[]): Promise<void> {
    const { log, store, trail } = this.parts;
    const left = { resource, leases: leases.length };
    const { credential, config } = this.parts.policy().resources[resource] ?? {};
    if (!credential || !isSource(credential) || !credential.sweep) {
      return log.warn(
        left,
        "sessions left something on a resource that the policy cannot log in to any more",
      );
    }
    try {
      const gone = new Set(await credential.sweep(leases, config));
      for (const { id, what } of leases.filter((lease) => gone.has(lease.id))) {
        trail.append({ kind: "lease-released", lease: id, resource, what, how: "swept" });
        await store.call("removeLease", id);
      }
      if (gone.size > 0) log.info({ resource, leases: gone.size }, "what sessions left behind was removed");
    } catch (error) {
      log.warn({ ...left, error }, "what sessions left on a resource could not be removed yet");
    }
  }
}
