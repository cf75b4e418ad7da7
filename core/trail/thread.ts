import { Worker } from "node:worker_threads";
import { controlBytes, type LogOptions, type RecorderMessage, type RecorderOptions } from "./control.ts";

/**
 * The recorder threads of one process, one for each log so that none waits for what another does with its files, and the
 * words shared with them.
 */
export class RecorderThreads {
  readonly words: Int32Array;
  readonly #shared: SharedArrayBuffer;
  readonly #workers: (Worker | undefined)[];
  #stopped = false;

  /** `ended`: a thread is gone without having been stopped. */
  constructor(
    private readonly logs: readonly LogOptions[],
    private readonly said: (message: RecorderMessage) => void,
    private readonly ended: (why: string) => void,
  ) {
    this.#shared = new SharedArrayBuffer(controlBytes(logs.length));
    this.words = new Int32Array(this.#shared);
    this.#workers = logs.map(() => undefined);
  }

  /** A log that nothing is written to needs no thread. */
  start(log: number): void {
    if (this.#stopped || this.started(log)) return;
    const options: RecorderOptions = { shared: this.#shared, log, options: this.logs[log]! };
    const worker = new Worker(new URL("./recorder.ts", import.meta.url), { workerData: options });
    worker.unref();
    worker.on("message", (message: RecorderMessage) => {
      // Then the thread has nothing left to do.
      if (message.kind === "closed") worker.removeAllListeners("exit");
      this.said(message);
    });
    worker.on("error", (error: Error) => this.ended(error.message));
    worker.on("exit", () => this.ended("the thread ended"));
    this.#workers[log] = worker;
  }

  started(log: number): boolean {
    return this.#workers[log] !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const worker of this.#workers) worker?.removeAllListeners();
    await Promise.all(this.#workers.map((worker) => worker?.terminate()));
  }

  /** For tests of what happens when one dies. */
  async kill(log: number): Promise<void> {
    await this.#workers[log]?.terminate();
  }
}
