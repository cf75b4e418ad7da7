import { PosternError, type Reason, type Wire } from "../../../core/plugin.ts";
import { asError } from "../connection.ts";

/** The ends of a tunnel. */
export type Side = "caller" | "resource";

export function across(side: Side): Side {
  return side === "caller" ? "resource" : "caller";
}

/** What is done with what arrives. May throw a PosternError: the tunnel ends with it. */
export type Arrived = (view: Buffer, from: Side) => void;

interface End {
  readonly wire: Wire;
  /** It takes no more for now. */
  full: boolean;
  /** Reasons for which nothing more is read from it. */
  waits: number;
}

/**
 * Both connections of a tunnel. A side that takes no more, and a recorder that is behind, stop the reading of the
 * other side, so that nothing piles up here.
 */
export class Ends {
  readonly #ends: Readonly<Record<Side, End>>;
  #over = false;
  #lastByte = performance.now();

  constructor(caller: Wire, resource: Wire) {
    this.#ends = {
      caller: { wire: caller, full: false, waits: 0 },
      resource: { wire: resource, full: false, waits: 0 },
    };
  }

  /**
   * Until either side has closed; nothing arrives any more then. Rejects with what `arrived` threw, with the signal's
   * Reason, and with `session.idle` after `idle` milliseconds without a byte.
   */
  async carry(arrived: Arrived, signal: AbortSignal, idle: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const aborted = () => reject(asError(signal.reason as Reason));
    const look = () => {
      const left = this.#lastByte + idle - performance.now();
      if (left > 0) timer = setTimeout(look, left);
      else reject(new PosternError("session.idle", "The connection was idle for too long."));
    };
    let timer = setTimeout(look, idle);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    try {
      for (const side of ["resource", "caller"] as const) {
        this.#ends[side].wire.stream({
          data: (view) => {
            if (this.#over) return;
            this.#lastByte = performance.now();
            try {
              arrived(view, side);
            } catch (error) {
              reject(error);
            }
          },
          drain: () => this.#drained(side),
          close: () => resolve(),
        });
      }
      await promise;
    } finally {
      this.#over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    }
  }

  /** Copies what the side does not take at once. */
  write(to: Side, bytes: Uint8Array): void {
    const end = this.#ends[to];
    if (end.wire.write(bytes) || end.full) return;
    end.full = true;
    this.#wait(across(to));
  }

  /** Nothing more is read from this side until then. */
  until(from: Side, kept: Promise<void> | undefined): void {
    if (!kept) return;
    this.#wait(from);
    void kept.then(() => this.#go(from));
  }

  #drained(side: Side): void {
    const end = this.#ends[side];
    if (!end.full) return;
    end.full = false;
    this.#go(across(side));
  }

  #wait(from: Side): void {
    const end = this.#ends[from];
    end.waits++;
    if (end.waits === 1) end.wire.pause();
  }

  #go(from: Side): void {
    const end = this.#ends[from];
    end.waits--;
    if (end.waits === 0) end.wire.resume();
  }
}
