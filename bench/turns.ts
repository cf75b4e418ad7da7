import { atRest } from "./processes.ts";

export interface Measurable {
  readonly id: string;
  /** All that works for it, also after the traffic; a parent before its children. */
  readonly processes: readonly number[];
}

/** Milliseconds in which timers that were due while it was stopped have passed. */
const waking = 50;

/**
 * Of several peers one works, and the others are stopped (SIGSTOP): what they do at rest, and the room that they take
 * in the caches, would be counted as its cost. On SIGINT and the like they are killed, which needs no SIGCONT.
 */
export class Turns<Peer extends Measurable> {
  constructor(private readonly peers: readonly Peer[]) {
    for (const peer of peers) stop(peer);
  }

  async take<Result>(peer: Peer, act: () => Promise<Result>): Promise<Result> {
    if (peer.processes.length === 0) return await act();
    if (!resume(peer)) throw new Error(`${peer.id} has lost a process.`);
    try {
      await Bun.sleep(waking);
      return await act();
    } finally {
      // Its trail on the disk and in its index: a recorder that is stopped at work is late afterwards.
      await atRest(peer.processes);
      stop(peer);
    }
  }

  /** All of them go on. */
  end(): void {
    for (const peer of this.peers) resume(peer);
  }
}

/** The parent first, and last to go on: it must not take a child that is stopped for one that is blocked. */
function stop({ processes }: Measurable): void {
  for (const pid of processes) send(pid, "SIGSTOP");
}

/** False: one of them is gone. */
function resume({ processes }: Measurable): boolean {
  return processes
    .toReversed()
    .map((pid) => send(pid, "SIGCONT"))
    .every((sent) => sent);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
