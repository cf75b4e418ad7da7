import { readFileSync } from "node:fs";

/** Of a process's main thread, in which its event loop turns. */
interface Reading {
  readonly at: number;
  /** Milliseconds on a processor, and ready for one in vain (proc(5), schedstat); a wait that still lasts is not in it. */
  readonly ran: number;
  readonly waited: number;
  /** It runs, or would if there were a processor for it: it neither sleeps nor is stopped. */
  readonly ready: boolean;
}

/** Tells a process that finds no processor from one that hangs or loops. */
export class Starvation {
  #last: Reading | undefined;

  constructor(readonly pid: number) {
    this.#last = read(pid);
  }

  /**
   * The share (0 to 1) of the time since the last call in which its main thread was ready to run and found no
   * processor. 0 for one that sleeps or is stopped, and where the kernel does not tell.
   */
  share(): number {
    const last = this.#last;
    const now = read(this.pid);
    this.#last = now;
    if (!last || !now) return 0;
    const [ran, waited] = [now.ran - last.ran, now.waited - last.waited];
    if (ran === 0 && waited === 0) return now.ready && now.ran + now.waited > 0 ? 1 : 0;
    // A wait that began before the last call is counted when it ends, and may be longer than what lies between.
    return Math.min(1, waited / Math.max(1, now.at - last.at));
  }
}

function read(pid: number): Reading | undefined {
  try {
    const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before the state stands in parentheses and may hold some itself.
    const ready = stat.startsWith("R", stat.lastIndexOf(")") + 2);
    return { at: performance.now(), ran: ran / 1e6, waited: waited / 1e6, ready };
  } catch {
    // No such kernel, or no such process any more.
    return undefined;
  }
}
