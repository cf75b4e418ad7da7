import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { PolicyBundle, Ports, Supervision } from "../supervision.ts";
import type { WorkerStart } from "../worker-calls.ts";
import { WorkerProcess, within } from "./worker.ts";

/** A worker that dies young is replaced ever later: so many milliseconds, doubled each time up to the last. */
const soonest = 100;
const latest = 5_000;
const adoptMs = 30_000;

export interface SeatOptions {
  readonly blockedMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The supervisor's ear for one worker. */
  supervision(worker: number): Supervision;
  /** A new process is about to serve as this worker. */
  starting(worker: number): WorkerStart;
  /** Its stream exists: from now on a missing one was removed. */
  opened(start: WorkerStart): void;
  /** It died; what it left open is closed before this resolves. */
  died(start: WorkerStart): Promise<void>;
  /** What runs instead of the worker process, for tests. */
  readonly entry?: string;
}

/** What all workers follow. */
export interface Serving {
  readonly bundle: PolicyBundle;
  readonly ports: Ports;
}

/** One place in the fleet: a worker process, and its successors when it dies. */
export class Seat {
  process: WorkerProcess;
  ready = false;
  /** As the process answered last to a policy. */
  ports: Ports = {};
  #start: WorkerStart;
  #prepared: PolicyBundle | undefined;
  #followed: PolicyBundle | undefined;
  #stopping = false;

  constructor(
    readonly worker: number,
    readonly options: SeatOptions,
    /** The policy that a new process begins with. */
    readonly current: () => Serving,
  ) {
    this.#start = options.starting(worker);
    this.process = this.#spawn();
  }

  /** Resolves when the process listens under the current policy. */
  async open(): Promise<void> {
    await within(adoptMs, "start", this.process.peer.call("begin", this.#start));
    this.options.opened(this.#start);
    // The policy may change while a process takes it over.
    while (this.#followed !== this.current().bundle) await this.follow(this.current());
    this.ready = true;
    this.options.metrics.workersUp.inc();
  }

  /** Replaces whatever dies here, until `stop` or `kill`. */
  async keep(): Promise<void> {
    for (let failures = 0; ; ) {
      const why = await this.process.exited;
      if (this.#stopping) return;
      failures = this.ready ? 0 : failures + 1;
      this.#ended(why);
      if (failures > 0) await Bun.sleep(Math.min(soonest * 2 ** (failures - 1), latest));
      if (this.#stopping) return;
      await this.#succeed();
    }
  }

  /** Opens what the policy needs, beside what is served. */
  async prepare({ bundle, ports }: Serving): Promise<void> {
    this.#prepared = undefined;
    this.ports = await within(adoptMs, "open the policy", this.process.peer.call("prepare", bundle, ports));
    this.#prepared = bundle;
  }

  async follow(next: Serving): Promise<void> {
    if (this.#prepared !== next.bundle) await this.prepare(next);
    await within(adoptMs, "follow the policy", this.process.peer.call("commit"));
    this.#prepared = undefined;
    this.#followed = next.bundle;
  }

  async discard(): Promise<void> {
    this.#prepared = undefined;
    await within(adoptMs, "give up a policy", this.process.peer.call("discard")).catch(() =>
      this.process.kill("did not give up a policy"),
    );
  }

  /** Stops listening, gives sessions the grace, closes the trail. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const { log } = this.options;
    await within(graceMs + 5_000, "stop", this.process.peer.call("stop", graceMs)).catch((error: unknown) =>
      log.warn({ error, worker: this.worker }, "a worker did not stop cleanly"),
    );
    this.kill();
    await this.process.exited;
  }

  /** At once, without a successor. */
  kill(): void {
    this.#stopping = true;
    this.process.kill("stopped");
  }

  #spawn(): WorkerProcess {
    const { blockedMs, entry, log } = this.options;
    const { worker } = this;
    return new WorkerProcess({
      supervision: this.options.supervision(worker),
      blockedMs,
      starved: () =>
        log.warn({ worker }, "a worker does not answer: the machine has no processor free for it"),
      ...(entry === undefined ? {} : { entry }),
    });
  }

  #ended(why: string): void {
    const { log, metrics, died } = this.options;
    const { worker, ready } = this;
    const { pid } = this.process;
    if (ready) metrics.workersUp.dec();
    this.ready = false;
    metrics.workersReplaced.inc({ why });
    log.error({ worker, pid, why }, "a worker ended and is replaced");
    died(this.#start).catch((error: unknown) =>
      log.error({ error, worker, pid }, "what a dead worker left open could not be closed in the trail"),
    );
  }

  async #succeed(): Promise<void> {
    const { log } = this.options;
    const { worker } = this;
    try {
      this.#start = this.options.starting(worker);
      this.#prepared = undefined;
      this.#followed = undefined;
      this.process = this.#spawn();
      await this.open();
      log.info({ worker, pid: this.process.pid }, "the new worker serves");
    } catch (error) {
      log.error({ error, worker }, "a worker could not start");
      this.process.kill("could not start");
    }
  }
}
