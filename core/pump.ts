import type { Gate } from "./gate.ts";
import type { Wire } from "./wire.ts";

/**
 * One direction of a framed protocol. The pump calls `decode` with whatever has arrived; the codec
 * looks at one message and says through the cursor what becomes of it. Nothing is allocated for a
 * message that goes through, and a run of them leaves as one view in one write.
 */
export interface Codec {
  /** Bytes from `cursor.at` to `cursor.end` of `cursor.view` are unread; there is at least one. */
  decode(cursor: Cursor): void;
  /** The direction is stalled and more has arrived; look for a farewell (Terminate). Bounded by the pump. */
  waiting?(pending: Buffer): void;
  /** End of file on this direction's source. */
  ended(): void;
}

/** What a codec does with the message at `at`: exactly one of these a `decode` call. */
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
  /** Puts bytes of our own into this direction before the message at `at` (message boundaries only). */
  insert(bytes: Uint8Array): void;
}

export type Direction = "toResource" | "toCaller";

export interface PumpOptions {
  readonly caller: Wire;
  readonly resource: Wire;
  readonly gate: Gate;
  readonly toResource: Codec;
  readonly toCaller: Codec;
}

/** Moves bytes both ways through two codecs, with backpressure, until either side closes. */
export interface Pump {
  /** Goes on after `cursor.stall()`; safe to call when not stalled. */
  resume(direction: Direction): void;
  /** Sends bytes of our own now. Only while that direction is at a message boundary (else throws). */
  inject(direction: Direction, bytes: Uint8Array): void;
  atBoundary(direction: Direction): boolean;
  /** Resolves when both wires are done with. */
  readonly finished: Promise<void>;
  /** Flushes what is buffered towards the caller and closes both wires. */
  close(): void;
}

export declare function openPump(options: PumpOptions): Pump;
