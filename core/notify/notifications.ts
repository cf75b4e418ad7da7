import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Notice, NoticeType } from "../notifier.ts";
import type { Policy } from "../policy.ts";
import type { Trail } from "../trail/trail.ts";
import { type GivenUp, type Opened, Outbox } from "./outbox.ts";

export interface NotificationsOptions {
  readonly trail: Trail;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told which notices anybody wants, whenever that changes. */
  wants(types: readonly NoticeType[]): void;
}

/** The policy's notifiers. Rejects, with none left open, when one refuses. */
export async function openNotifiers(policy: Policy): Promise<Opened[]> {
  const opened: Opened[] = [];
  try {
    for (const notifier of policy.notify) opened.push({ notifier, open: await notifier.open() });
  } catch (error) {
    closeNotifiers(opened);
    throw error;
  }
  return opened;
}

export function closeNotifiers(opened: readonly Opened[]): void {
  for (const { open } of opened) open.close?.();
}

/** Notifiers of older policies that may finish what they have. */
const mostRetired = 8;

/** Hands notices to the notifiers of the policy that is served, and keeps account of what became of them. */
export class Notifications {
  #current: readonly Outbox[] = [];
  /** Those of older policies among them, until they have delivered what they took. */
  readonly #all = new Set<Outbox>();

  constructor(readonly options: NotificationsOptions) {
    options.metrics.noticesWaiting(() => this.#waiting());
  }

  /** A new policy's notifiers take what happens from now on; those before finish what they have. */
  follow(opened: readonly Opened[]): void {
    const old = this.#current;
    this.#current = opened.map((each) => new Outbox(each, this));
    for (const outbox of old) outbox.retire();
    this.#forget();
    for (const outbox of this.#current) this.#all.add(outbox);
    this.options.wants([...new Set(opened.flatMap(({ notifier }) => notifier.events))]);
  }

  tell(notices: readonly Notice[]): void {
    for (const notice of notices) for (const outbox of this.#current) outbox.take(notice);
  }

  /** Whether the policy tells anybody anything. */
  get any(): boolean {
    return this.#current.length > 0;
  }

  /** What could not be delivered in `graceMs` is given up, and the trail says so. */
  async close(graceMs: number): Promise<void> {
    const until = Date.now() + graceMs;
    while (this.#waiting() > 0 && Date.now() < until) await Bun.sleep(20);
    for (const outbox of this.#all) outbox.stop("the gateway stopped");
  }

  delivered(notifier: string): void {
    this.options.metrics.notices.inc({ notifier, result: "delivered" });
  }

  gaveUp({ notifier, why, notices, notice, attempts }: GivenUp): void {
    const { trail, log, metrics } = this.options;
    metrics.notices.inc({ notifier, result: notice ? "failed" : "dropped" }, notices);
    const one = notice && { notice: notice.id, event: notice.type, attempts: attempts ?? 0 };
    const session = notice && "session" in notice.data ? { session: notice.data.session } : {};
    log.warn({ notifier, why, notices, ...one }, "a notice was given up");
    try {
      trail.append({ kind: "notify-failed", notifier, why, notices, ...one, ...session });
    } catch (error) {
      log.error({ error }, "the trail could not take an entry");
    }
  }

  /** Those that are done; and of the others the oldest, where a policy is loaded again and again. */
  #forget(): void {
    for (const outbox of this.#all) if (outbox.waiting === 0) this.#all.delete(outbox);
    for (const outbox of [...this.#all].slice(0, -mostRetired)) {
      outbox.stop("newer policies took its place");
      this.#all.delete(outbox);
    }
  }

  #waiting(): number {
    let waiting = 0;
    for (const outbox of this.#all) waiting += outbox.waiting;
    return waiting;
  }
}
