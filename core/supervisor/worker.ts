import { join } from "node:path";
import { PosternError } from "../error.ts";
import { type Message, openPeer, type Peer } from "../messages.ts";
import type { Supervision } from "../supervision.ts";
import type { TrailStatus } from "../trail/stream-trail.ts";
import type { WorkerCalls } from "../worker-calls.ts";
import { Starvation } from "./starvation.ts";

const entry = join(import.meta.dir, "..", "worker-process.ts");

/** How often a worker is asked whether it still turns, in each of the spans that make it `blocked`. */
const beats = 5;

/** Such spans without an answer after which a worker is killed also where the machine may be to blame. */
const mostSpans = 12;

export interface WorkerOptions {
  readonly supervision: Supervision;
  /**
   * Milliseconds without an answer after which a worker counts as blocked and is killed. Time in which it was ready to
   * run and the machine had no processor for it does not count, up to twelve times as long.
   */
  readonly blockedMs: number;
  /** It would have counted as blocked, had it not been for the machine. Called once a silence. */
  starved?(): void;
  /** What runs instead of the worker process, for tests. */
  readonly entry?: string;
}

export type TrailState = TrailStatus["state"];

/** One worker process, from outside. */
export class WorkerProcess {
  readonly peer: Peer<WorkerCalls>;
  readonly pid: number;
  /** Resolves once the process is gone, with what ended it: `blocked`, `signal SIGKILL`, `exit 1`. */
  readonly exited: Promise<string>;
  /** Of its own stream, as it said last. */
  trail: TrailState = "ok";
  readonly #child: Bun.Subprocess;
  #why: string | undefined;

  constructor(options: WorkerOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.exited = promise;
    const child = Bun.spawn([process.execPath, options.entry ?? entry], {
      serialization: "advanced",
      stdin: "ignore",
      // A policy that prints must not write into what `--json` readers read.
      stdout: 2,
      stderr: "inherit",
      ipc: (message: Message) => this.peer.receive(message),
      onExit: (_, code, signal) => {
        clearInterval(beat);
        this.#why ??= signal === null ? `exit ${code}` : `signal ${signal}`;
        this.peer.close(`The worker process ended (${this.#why}).`);
        resolve(this.#why);
      },
    });
    this.#child = child;
    this.pid = child.pid;
    this.peer = openPeer<WorkerCalls, Supervision>(options.supervision, (message) => {
      try {
        child.send(message);
      } catch {
        // Dead already; `onExit` tells who waits for an answer.
      }
    });
    const beat = this.#heartbeat(options);
  }

  kill(why: string): void {
    this.#why ??= why;
    this.#child.kill("SIGKILL");
  }

  /** Counts beats, not time: when this process itself was stopped, no worker is to blame. */
  #heartbeat({ blockedMs, starved }: WorkerOptions): Timer {
    const starvation = new Starvation(this.pid);
    let missed = 0;
    /** The part of them in which it had a processor, or wanted none. */
    let own = 0;
    let open = false;
    return setInterval(() => {
      const share = starvation.share();
      missed = open ? missed + 1 : 0;
      own = open ? own + 1 - share : 0;
      // Nobody is ever without a moment's wait for a processor: less than a beat of it is none.
      if (missed >= beats && (own > beats - 1 || missed >= beats * mostSpans)) this.kill("blocked");
      else if (missed === beats) starved?.();
      if (open) return;
      open = true;
      this.peer.call("ping").then(
        (trail) => {
          this.trail = trail;
          open = false;
        },
        // Gone, or not begun: its exit tells, or the next beat.
        () => {
          open = false;
        },
      );
    }, blockedMs / beats);
  }
}

/** Rejects with `worker.late` when the worker does not answer in time. */
export async function within<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new PosternError("worker.late", `A worker did not ${what} within ${ms} ms.`)),
    ms,
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
