import type { Answer, Outcome, Pass } from "../../../core/plugin.ts";

/** One Pass for several executions that were approved as one: it ends when the last of them has. */
export class SharedPass implements Pass {
  readonly seq: number;
  readonly answer: Answer | undefined;
  #left: number;
  #rows = 0;
  #worst: Outcome = { result: "ok" };
  #received: Outcome["received"];

  constructor(
    readonly pass: Pass,
    executions: number,
  ) {
    this.seq = pass.seq;
    this.answer = pass.answer;
    this.#left = executions;
  }

  ready(): Promise<void> | undefined {
    return this.pass.ready();
  }

  /** The first failure is the batch's; what the server skipped behind it changes nothing. */
  end(outcome: Outcome): void {
    this.#rows += outcome.rows ?? 0;
    this.#received ??= outcome.received;
    if (this.#worst.result === "ok") this.#worst = outcome;
    this.#left -= 1;
    if (this.#left === 0) {
      const received = this.#received;
      this.pass.end({ ...this.#worst, rows: this.#rows, ...(received ? { received } : {}) });
    }
  }
}
