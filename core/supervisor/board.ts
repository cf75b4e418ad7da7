import { PosternError } from "../error.ts";
import type { Identity } from "../identity.ts";
import type { Metrics } from "../metrics.ts";
import type { HoldInfo, SessionInfo } from "../supervision.ts";
import type { HoldEnd } from "../trail/entry.ts";
import { Places } from "./places.ts";

/** What happens to holds, as `GET /v1/approvals/watch` tells it. */
export type HoldEvent =
  | { readonly event: "opened"; readonly hold: HoldInfo }
  | { readonly event: "approved"; readonly id: string; readonly by: Identity }
  | { readonly event: "ended"; readonly id: string; readonly how: HoldEnd };

interface Placed<T> {
  readonly info: T;
  readonly worker: number;
}

/**
 * The sessions and holds that are open now, and in which worker. A mirror: each worker is the authority
 * over its own.
 */
export class Board {
  readonly #sessions = new Map<string, Placed<SessionInfo>>();
  readonly #holds = new Map<string, Placed<HoldInfo>>();
  readonly places = new Places();
  readonly #watchers = new Set<(event: HoldEvent) => void>();

  constructor(readonly metrics: Metrics) {}

  sessionOpened(worker: number, info: SessionInfo): void {
    this.#sessions.set(info.id, { info, worker });
  }

  sessionClosed(id: string): void {
    this.#sessions.delete(id);
    this.places.giveBack(id);
  }

  holdOpened(worker: number, hold: HoldInfo): void {
    this.#holds.set(hold.id, { info: hold, worker });
    this.#tell({ event: "opened", hold });
  }

  /** By the first of two. */
  holdApproved(id: string, by: Identity): void {
    const placed = this.#holds.get(id);
    if (!placed) return;
    const { info, worker } = placed;
    this.#holds.set(id, { info: { ...info, approved: [...info.approved, by] }, worker });
    this.#tell({ event: "approved", id, by });
  }

  holdEnded(id: string, how: HoldEnd): void {
    if (!this.#holds.delete(id)) return;
    this.metrics.holdsEnded.inc({ how });
    this.#tell({ event: "ended", id, how });
  }

  /** The worker is dead, and its sessions and holds with it. */
  workerGone(worker: number): void {
    this.places.workerGone(worker);
    for (const [id, placed] of this.#sessions) if (placed.worker === worker) this.#sessions.delete(id);
    for (const [id, placed] of this.#holds) if (placed.worker === worker) this.holdEnded(id, "abandoned");
  }

  /** Newest first. */
  sessions(): SessionInfo[] {
    return [...this.#sessions.values()].map(({ info }) => info).reverse();
  }

  /** Oldest first: who waits longest stands first. */
  holds(): HoldInfo[] {
    return [...this.#holds.values()].map(({ info }) => info);
  }

  session(id: string): SessionInfo | undefined {
    return this.#sessions.get(id)?.info;
  }

  /** Throws PosternError `session.unknown`. */
  workerOfSession(id: string): number {
    const placed = this.#sessions.get(id);
    if (placed) return placed.worker;
    throw new PosternError("session.unknown", `No session ${id} is open.`, {
      hint: "`postern sessions list` shows those that are.",
    });
  }

  /** Throws PosternError `hold.unknown`. */
  workerOfHold(id: string): number {
    const placed = this.#holds.get(id);
    if (placed) return placed.worker;
    throw new PosternError("hold.unknown", `Nothing waits under ${id}: it has ended, or never was.`, {
      hint: "`postern approvals list --all` shows how it ended.",
    });
  }

  /** Called for every further event until the returned function is called. */
  watch(watcher: (event: HoldEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(event: HoldEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
