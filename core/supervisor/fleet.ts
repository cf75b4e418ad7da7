import { PosternError } from "../error.ts";
import type { PolicyBundle } from "../supervision.ts";
import type { ListenerAddress } from "../worker-calls.ts";
import { Seat, type SeatOptions } from "./seat.ts";
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
  #bundle: PolicyBundle | undefined;

  constructor(readonly options: SeatOptions) {}

  /** Resolves when all of them listen; rejects, with none left, when one cannot. */
  async start(count: number, bundle: PolicyBundle): Promise<void> {
    this.#bundle = bundle;
    try {
      for (let worker = 0; worker < count; worker++) {
        const seat = new Seat(worker, this.options, () => this.#bundle ?? bundle);
        this.#seats.push(seat);
        await seat.open();
      }
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

  /** Nobody learns whether there is such a worker: whoever asks may have guessed. */
  async deliver(worker: number, protocol: string, message: Uint8Array): Promise<void> {
    const seat = this.#seats[worker];
    if (!seat?.ready) return;
    await within(1_000, "take a message", seat.process.peer.call("delivered", protocol, message)).catch(
      (error: unknown) => this.options.log.warn({ error, worker }, "a message did not reach its worker"),
    );
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
   * All workers take the policy, or none: the first that refuses decides, and those before it go back. One
   * that dies, hangs or cannot go back is replaced, and its successor begins with what is decided.
   */
  async adopt(bundle: PolicyBundle): Promise<void> {
    const old = this.#bundle;
    const adopted: Seat[] = [];
    for (const seat of this.#ready()) {
      try {
        await adopt(seat, bundle);
        adopted.push(seat);
      } catch (error) {
        if (old) await Promise.all(adopted.map((seat) => follow(seat, old)));
        throw error;
      }
    }
    this.#bundle = bundle;
    // Those that became ready in the meantime began with the old one.
    await Promise.all(
      this.#ready().map((seat) => (adopted.includes(seat) ? undefined : follow(seat, bundle))),
    );
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

/** Rejects only when the worker looked at the policy and refused it. */
async function adopt(seat: Seat, bundle: PolicyBundle): Promise<void> {
  try {
    await seat.adopt(bundle);
  } catch (error) {
    const gone =
      error instanceof PosternError && (error.code === "peer.gone" || error.code === "worker.late");
    if (!gone) throw error;
    seat.process.kill("late with a policy");
  }
}

/** What the others have must do for this one too. */
async function follow(seat: Seat, bundle: PolicyBundle): Promise<void> {
  await seat.adopt(bundle).catch(() => seat.process.kill("did not follow the policy"));
}
