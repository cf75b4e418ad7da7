import { PosternError } from "./error.ts";
import type { FlowOwner } from "./flow.ts";
import type { Gate } from "./gate.ts";
import { Lane } from "./lane.ts";
import type { Wire } from "./wire.ts";

/**
 * One direction of a framed protocol. The pump calls `decode` with whatever has arrived; the codec
 * looks at one message and says through the cursor what becomes of it. Nothing is allocated for a
 * message that goes through, and a run of them leaves as one view in one write.
 */
export interface Codec {
  /** Bytes from `cursor.at` to `cursor.end` of `cursor.view` are unread; there is at least one. */
  decode(cursor: Cursor): void;
  /** It keeps no view of what it is shown: a large chunk's memory is given back as soon as all of it has left. */
  readonly keepsNothing?: true;
  /** The rest of the message that was forwarded last, as it arrives: from `start` to `end` of `view`. */
  passing?(view: Buffer, start: number, end: number): void;
  /** The direction is stalled and more has arrived; look for a farewell (Terminate). Bounded by the pump. */
  waiting?(pending: Buffer): void;
  /**
   * End of file on this direction's source, after all that came before it was decoded (towards the
   * resource: at once, also while stalled). The pump closes both wires when this returns.
   */
  ended(): void;
}

/** What a codec does with the message at `at`: exactly one of these a `decode` call, after any `insert`. */
export interface Cursor {
  readonly view: Buffer;
  readonly at: number;
  readonly end: number;
  /** The next `length` bytes go through, also those that have not arrived yet. */
  forward(length: number): void;
  /** The next `length` bytes are dropped, also those that have not arrived yet. */
  drop(length: number): void;
  /** The next `length` bytes (all arrived) are replaced. `bytes` is copied before the call returns. */
  replace(length: number, bytes: Uint8Array): void;
  /** Not a whole message yet: call again when at least `length` bytes are there from `at`. */
  need(length: number): void;
  /** Nothing is consumed; the direction stops here until `pump.resume` of this direction. */
  stall(): void;
  /** The same for a moment only: what this chunk has come to so far leaves in one write with what follows. */
  pause(): void;
  /** Puts bytes of our own into this direction before the message at `at`; copied. */
  insert(bytes: Uint8Array): void;
}

export type Direction = "toResource" | "toCaller";

export interface PumpOptions {
  readonly caller: Wire;
  readonly resource: Wire;
  readonly gate: Gate;
  readonly toResource: Codec;
  readonly toCaller: Codec;
  /** Bytes that may wait for a stalled direction or a slow reader before its source is paused. */
  readonly buffer?: number;
}

const defaultBuffer = 256 * 1024;
/** Moves bytes both ways through two codecs, with backpressure, until either side closes. */
export class Pump implements FlowOwner {
  readonly #toResource: Lane;
  readonly #toCaller: Lane;
  readonly #gate: Gate;
  #finish: () => void = () => {};
  #closed = false;
  /** Resolves when the relay is over; core then closes both wires. */
  readonly finished: Promise<void>;

  constructor(options: PumpOptions) {
    this.#gate = options.gate;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { caller, resource, gate, toResource, toCaller, buffer = defaultBuffer } = options;
    this.#toResource = new Lane(caller, resource, toResource, buffer, undefined, this);
    const passed = gate.recordsWire ? (bytes: Uint8Array) => gate.passed(bytes) : undefined;
    this.#toCaller = new Lane(resource, caller, toCaller, buffer, passed, this);
    this.#toResource.opposite = this.#toCaller;
    this.#toCaller.opposite = this.#toResource;
    this.#toResource.endsAtOnce = true;
  }

  /** Starts to read both wires: after this, codecs are called. */
  start(): void {
    this.#toResource.source.stream(this.#toResource);
    if (!this.#closed) this.#toCaller.source.stream(this.#toCaller);
  }

  /** Goes on after `cursor.stall()`; does nothing when not stalled. */
  resume(direction: Direction): void {
    this.#lane(direction).unstall();
  }

  /** Sends bytes of our own as soon as that direction stands at a message boundary: now, if it does. */
  inject(direction: Direction, bytes: Uint8Array): void {
    this.#lane(direction).inject(bytes);
  }

  /** No message is half-way through in this direction. */
  atBoundary(direction: Direction): boolean {
    return this.#lane(direction).atBoundary;
  }

  /** Sends what is buffered towards the caller and closes both wires. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#toResource.over = true;
    this.#toCaller.over = true;
    this.#toCaller.flush();
    this.#toResource.flush();
    this.#toResource.source.end();
    this.#toCaller.source.end();
    this.#finish();
  }

  fail(error: unknown): void {
    const reason =
      error instanceof PosternError
        ? error.reason
        : { code: "relay.failed", message: `The gateway could not go on with this session: ${error}.` };
    this.#gate.end(reason);
  }

  bounded(): void {
    this.#gate.reached("buffer");
  }

  #lane(direction: Direction): Lane {
    return direction === "toResource" ? this.#toResource : this.#toCaller;
  }
}
