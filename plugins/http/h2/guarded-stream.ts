import { type Wire, WireStream } from "../../../core/plugin.ts";
import type { FrameGuard } from "./frame-guard.ts";

/** Who hears of what the guard finds. */
export interface GuardEvents {
  /** What came was in order, and is handed on. */
  took?(): void;
  /** The other side does what no peer needs to; nothing more is handed on. */
  fault(why: string): void;
}

/** A wire as the socket of an HTTP/2 session, whose frames are watched before the session sees them. */
export class GuardedStream extends WireStream {
  #faulty = false;

  constructor(
    wire: Wire,
    readonly guard: FrameGuard,
    readonly events: GuardEvents,
  ) {
    super(wire);
  }

  override _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void {
    this.guard.sent(chunk.length);
    super._write(chunk, encoding, done);
  }

  protected override arrived(view: Buffer): boolean {
    if (this.#faulty) return true;
    const why = this.guard.take(view);
    if (why === undefined) {
      this.events.took?.();
      return this.push(view);
    }
    this.#faulty = true;
    this.events.fault(why);
    return true;
  }
}
