import { PosternError } from "../error.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { PolicyBundle, Supervision } from "../supervision.ts";
import type { ListenerAddress, WorkerStart } from "../worker-calls.ts";
import { WorkerProcess, within } from "./worker.ts";

/** A worker that dies young is replaced ever later, up to this. */
const slowest = 5_000;
const first = 100;
const adoptMs = 30_000;

export interface FleetOptions {
  readonly blockedMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The supervisor's ear for one worker. */
  supervision(worker: number): Supervision;
  /** A new process is about to serve as this worker. */
  starting(worker: number): WorkerStart;
  /** It died; what it left open is closed before this resolves. */
  died(start: WorkerStart): Promise<void>;
  readonly entry?: string;
}

interface Slot {
  process: WorkerProcess;
  start: WorkerStart;
  ready: boolean;
  /** Failed starts in a row. */
  failures: number;
}

/** The worker processes: one that ends unasked is replaced, and all follow one policy. */
export class Fleet {
  readonly #slots: Slot[] = [];
  #bundle: PolicyBundle | undefined;
  #stopping = false;

  constructor(readonly options: FleetOptions) {}

  /** Resolves when all of them listen; rejects, with none left, when one cannot. */
  async start(count: number, bundle: PolicyBundle): Promise<void> {
    this.#bundle = bundle;
    try {
      // One after the other: where a port is 0, the first decides it for nobody else.
      for (let worker = 0; worker < count; worker++) await this.#add(worker);
    } catch (error) {
      this.kill();
      throw error;
    }
    for (const [worker, slot] of this.#slots.entries()) this.#watch(worker, slot);
  }

  get size(): number {
    return this.#slots.length;
  }

  workers(): { worker: number; pid: number; ready: boolean }[] {
    return this.#slots.map(({ process, ready }, worker) => ({ worker, pid: process.pid, ready }));
  }

  /** The process that serves as this worker now. Throws PosternError `worker.gone`. */
  worker(worker: number): WorkerProcess {
    const slot = this.#slots[worker];
    if (slot) return slot.process;
    throw new PosternError("worker.gone", `Worker ${worker} is gone.`);
  }

  async addresses(): Promise<readonly ListenerAddress[]> {
    for (const { process, ready } of this.#slots) if (ready) return await process.peer.call("addresses");
    return [];
  }

  /** Prometheus metrics of each worker that answers in time. */
  async metrics(): Promise<object[]> {
    const asked = this.#slots
      .filter(({ ready }) => ready)
      .map(({ process }) => within(1_000, "report its metrics", process.peer.call("metrics")));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) =>
      answer.status === "fulfilled" && typeof answer.value === "object" && answer.value !== null
        ? [answer.value]
        : [],
    );
  }

  /**
   * All workers take the policy, or none: the first that refuses decides, and those before it go back. One
   * that cannot go back is replaced.
   */
  async adopt(bundle: PolicyBundle): Promise<void> {
    const old = this.#bundle;
    const adopted: WorkerProcess[] = [];
    for (const { process } of this.#slots) {
      try {
        await within(adoptMs, "adopt the policy", process.peer.call("adopt", bundle));
        adopted.push(process);
      } catch (error) {
        // It died or hangs: its replacement starts with whatever policy is current then.
        if (isGone(error)) process.kill("late with a policy");
        else {
          if (old) await goBack(adopted, old);
          throw error;
        }
      }
    }
    this.#bundle = bundle;
  }

  /** Each worker stops listening, gives its sessions the grace and closes its trail. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#slots.map(async ({ process }) => {
        await within(graceMs + 5_000, "stop", process.peer.call("stop", graceMs)).catch((error: unknown) =>
          this.options.log.warn({ error }, "a worker did not stop cleanly"),
        );
        process.kill("stopped");
        await process.exited;
      }),
    );
  }

  /** At once. */
  kill(): void {
    this.#stopping = true;
    for (const { process } of this.#slots) process.kill("stopped");
  }

  async #add(worker: number): Promise<void> {
    const slot: Slot = { ...this.#spawn(worker), ready: false, failures: 0 };
    this.#slots[worker] = slot;
    await this.#begin(slot);
    slot.ready = true;
    this.#count();
  }

  #spawn(worker: number): Pick<Slot, "process" | "start"> {
    const { blockedMs, entry } = this.options;
    const supervision = this.options.supervision(worker);
    const options = { supervision, blockedMs, ...(entry === undefined ? {} : { entry }) };
    return { process: new WorkerProcess(options), start: this.options.starting(worker) };
  }

  async #begin({ process, start }: Slot): Promise<void> {
    await within(adoptMs, "start", process.peer.call("begin", start));
    if (this.#bundle) await within(adoptMs, "adopt the policy", process.peer.call("adopt", this.#bundle));
  }

  #watch(worker: number, slot: Slot): void {
    void slot.process.exited.then(async (why) => {
      if (this.#stopping) return;
      const { log, metrics, died } = this.options;
      const { pid } = slot.process;
      slot.ready = false;
      this.#count();
      metrics.workersReplaced.inc({ why });
      log.error({ worker, pid, why }, "a worker ended and is replaced");
      await Promise.all([
        died(slot.start).catch((error: unknown) =>
          log.error({ error, worker, pid }, "what a dead worker left open could not be closed in the trail"),
        ),
        this.#replace(worker, slot),
      ]);
    });
  }

  async #replace(worker: number, slot: Slot): Promise<void> {
    if (slot.failures > 0) await Bun.sleep(Math.min(first * 2 ** (slot.failures - 1), slowest));
    if (this.#stopping) return;
    Object.assign(slot, this.#spawn(worker));
    this.#watch(worker, slot);
    try {
      await this.#begin(slot);
      slot.ready = true;
      slot.failures = 0;
      this.#count();
      this.options.log.info({ worker, pid: slot.process.pid }, "the new worker serves");
    } catch (error) {
      slot.failures++;
      this.options.log.error({ error, worker }, "a worker could not start");
      slot.process.kill("could not start");
    }
  }

  #count(): void {
    this.options.metrics.workersUp.set(this.#slots.filter(({ ready }) => ready).length);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof PosternError && (error.code === "peer.gone" || error.code === "worker.late");
}

async function goBack(processes: readonly WorkerProcess[], old: PolicyBundle): Promise<void> {
  await Promise.all(
    processes.map((process) =>
      within(adoptMs, "go back", process.peer.call("adopt", old)).catch(() =>
        process.kill("could not go back to the old policy"),
      ),
    ),
  );
}
