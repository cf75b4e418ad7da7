import { PosternError } from "../error.ts";
import type { PolicyBundle } from "../supervision.ts";
import type { ListenerAddress } from "../worker-calls.ts";
import { Seat, type SeatOptions, type Serving } from "./seat.ts";
import { type TrailState, type WorkerProcess, within } from "./worker.ts";

export interface WorkerState {
  readonly worker: number;
  readonly pid: number;
  /** It serves callers. */
  readonly ready: boolean;
  /** Of its own stream, as it said last. */
  readonly trail: TrailState;
}

/** The worker processes: one that ends unasked is replaced, and all follow one policy. */
export class Fleet {
  readonly #seats: Seat[] = [];
  #serving: Serving | undefined;

  constructor(readonly options: SeatOptions) {}

  /** Resolves when all of them listen; rejects, with none left, when one cannot. */
  async start(count: number, bundle: PolicyBundle): Promise<void> {
    let serving: Serving = { bundle, ports: {} };
    try {
      for (let worker = 0; worker < count; worker++) {
        const seat = new Seat(worker, this.options, () => this.#serving ?? serving);
        this.#seats.push(seat);
        await seat.open();
        serving = { bundle, ports: seat.ports };
      }
      this.#serving = serving;
    } catch (error) {
      this.kill();
      throw error;
    }
    for (const seat of this.#seats) void seat.keep();
  }

  workers(): WorkerState[] {
    return this.#seats.map(({ worker, process, ready }) => {
      const { pid, trail } = process;
      return { worker, pid, ready, trail };
    });
  }

  /** The process that serves as this worker now. Throws PosternError `worker.gone`. */
  worker(worker: number): WorkerProcess {
    const seat = this.#seats[worker];
    if (seat) return seat.process;
    throw new PosternError("worker.gone", `Worker ${worker} is gone.`);
  }

  async addresses(): Promise<readonly ListenerAddress[]> {
    const seat = this.#seats.find(({ ready }) => ready);
    return seat ? within(1_000, "say where it listens", seat.process.peer.call("addresses")) : [];
  }

  /**
   * Asks the same of every worker. Resolves when each has done it; one that fails at it is replaced, and its
   * successor begins with what is decided.
   */
  async each(ask: (peer: WorkerProcess["peer"]) => Promise<unknown>): Promise<void> {
    await Promise.all(
      this.#seats.map(({ process }) =>
        ask(process.peer).catch(() => process.kill("did not do what all workers must")),
      ),
    );
  }

  /** Nobody learns who took it: whoever asks may have guessed. */
  async deliver(protocol: string, message: Uint8Array): Promise<void> {
    const taken = this.#ready().map(({ process, worker }) =>
      within(1_000, "take a message", process.peer.call("delivered", protocol, message)).catch(
        (error: unknown) => this.options.log.warn({ error, worker }, "a message did not reach its worker"),
      ),
    );
    await Promise.all(taken);
  }

  /** Prometheus metrics of each worker that answers in time. */
  async metrics(): Promise<object[]> {
    const asked = this.#ready().map(({ process }) =>
      within(1_000, "report its metrics", process.peer.call("metrics")),
    );
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) =>
      answer.status === "fulfilled" && typeof answer.value === "object" && answer.value !== null
        ? [answer.value]
        : [],
    );
  }

  /**
   * All workers take the policy, or none: each opens what it needs, and none follows it before all have. One
   * that dies, hangs or cannot follow is replaced, and its successor begins with what is decided.
   */
  async adopt(bundle: PolicyBundle): Promise<void> {
    let next: Serving = { bundle, ports: this.#serving?.ports ?? {} };
    const prepared: Seat[] = [];
    try {
      for (const seat of this.#ready()) {
        if (!(await prepare(seat, next))) continue;
        prepared.push(seat);
        next = { bundle, ports: seat.ports };
      }
    } catch (error) {
      await Promise.all(prepared.map((seat) => seat.discard()));
      throw error;
    }
    this.#serving = next;
    // With those that became ready in the meantime and began with the old one.
    await Promise.all(this.#ready().map((seat) => follow(seat, next)));
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.stop(graceMs)));
  }

  /** At once. */
  kill(): void {
    for (const seat of this.#seats) seat.kill();
  }

  #ready(): Seat[] {
    return this.#seats.filter(({ ready }) => ready);
  }
}

/** Rejects only when the worker looked at the policy and refused it; false: it is gone. */
async function prepare(seat: Seat, next: Serving): Promise<boolean> {
  try {
    await seat.prepare(next);
    return true;
  } catch (error) {
    const gone =
      error instanceof PosternError && (error.code === "peer.gone" || error.code === "worker.late");
    if (!gone) throw error;
    seat.process.kill("late with a policy");
    return false;
  }
}

/** What the others do must be done by this one too. */
async function follow(seat: Seat, next: Serving): Promise<void> {
  await seat.follow(next).catch(() => seat.process.kill("did not follow the policy"));
}
