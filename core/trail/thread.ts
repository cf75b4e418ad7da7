import { Worker } from "node:worker_threads";
import { controlBytes, type LogOptions, type RecorderMessage, type RecorderOptions } from "./control.ts";

/** A recorder thread of one's own, and the words shared with it. */
export class RecorderThread {
  readonly words: Int32Array;
  readonly #worker: Worker;

  /** `ended`: the thread is gone without having been stopped. */
  constructor(
    logs: readonly LogOptions[],
    said: (message: RecorderMessage) => void,
    ended: (why: string) => void,
  ) {
    const shared = new SharedArrayBuffer(controlBytes(logs.length));
    this.words = new Int32Array(shared);
    const options: RecorderOptions = { shared, logs };
    this.#worker = new Worker(new URL("./recorder.ts", import.meta.url), { workerData: options });
    this.#worker.unref();
    this.#worker.on("message", said);
    this.#worker.on("error", (error: Error) => ended(error.message));
    this.#worker.on("exit", () => ended("the thread ended"));
  }

  async stop(): Promise<void> {
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
  }

  /** For tests of what happens when it dies. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}
