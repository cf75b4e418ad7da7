import { PosternError } from "./error.ts";
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
/** A scratch buffer that one large chunk has grown is given back. */
const keptScratch = 1024 * 1024;

/** Moves bytes both ways through two codecs, with backpressure, until either side closes. */
export class Pump {
  readonly #toResource: Lane;
  readonly #toCaller: Lane;
  readonly #options: PumpOptions;
  #finish: () => void = () => {};
  #closed = false;
  /** Resolves when the relay is over; core then closes both wires. */
  readonly finished: Promise<void>;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { caller, resource, gate } = options;
    const buffer = options.buffer ?? defaultBuffer;
    const close = () => this.close();
    const fail = (error: unknown) => this.#fail(error);
    this.#toResource = new Lane(caller, resource, options.toResource, buffer, undefined, close, fail);
    this.#toCaller = new Lane(
      resource,
      caller,
      options.toCaller,
      buffer,
      gate.recordsWire ? (bytes) => gate.passed(bytes) : undefined,
      close,
      fail,
    );
    this.#toResource.endsAtOnce = true;
  }

  /** Starts to read both wires: after this, codecs are called. */
  start(): void {
    this.#join(this.#options.caller, this.#toResource, this.#toCaller);
    if (!this.#closed) this.#join(this.#options.resource, this.#toCaller, this.#toResource);
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
    this.#options.caller.end();
    this.#options.resource.end();
    this.#finish();
  }

  #join(source: Wire, from: Lane, into: Lane): void {
    source.stream({
      data: (view) => from.receive(view),
      drain: () => into.drained(),
      close: () => from.sourceClosed(),
    });
  }

  #fail(error: unknown): void {
    const reason =
      error instanceof PosternError
        ? error.reason
        : { code: "relay.failed", message: `The gateway could not go on with this session: ${error}.` };
    this.#options.gate.end(reason);
  }

  #lane(direction: Direction): Lane {
    return direction === "toResource" ? this.#toResource : this.#toCaller;
  }
}

/** One direction: a source, a codec, a target. */
class Lane implements Cursor {
  view: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  endsAtOnce = false;
  over = false;
  #runStart = 0;
  #forwarding = 0;
  #dropping = 0;
  #needed = 0;
  #stalled = false;
  #working = false;
  #closing = false;
  #scratch = Buffer.allocUnsafe(16 * 1024);
  #filled = 0;
  #injected: Uint8Array[] = [];
  /** Chunks of a message that is needed whole, joined once it is. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  #acted = false;
  /** Why the source is paused; it is resumed when none is left. */
  #full = false;
  #slow = false;
  #recording = false;

  constructor(
    readonly source: Wire,
    readonly target: Wire,
    readonly codec: Codec,
    readonly buffer: number,
    readonly passed: ((bytes: Uint8Array) => Promise<void> | undefined) | undefined,
    readonly close: () => void,
    readonly fail: (error: unknown) => void,
  ) {}

  get atBoundary(): boolean {
    return this.#forwarding === 0;
  }

  receive(chunk: Buffer): void {
    if (this.over) return;
    const left = this.end - this.at;
    this.#laterBytes += chunk.length;
    if (left + this.#laterBytes < this.#needed) {
      this.#later.push(chunk);
      return;
    }
    if (left === 0 && this.#later.length === 0) this.view = chunk;
    else this.view = Buffer.concat([this.view.subarray(this.at, this.end), ...this.#later, chunk]);
    this.#later = [];
    this.#laterBytes = 0;
    this.at = 0;
    this.#runStart = 0;
    this.end = this.view.length;
    if (this.#stalled) {
      this.codec.waiting?.(this.view);
      this.#bound();
    } else this.#work();
  }

  sourceClosed(): void {
    this.#closing = true;
    if (this.over) return;
    if (!this.#stalled || this.endsAtOnce) this.#finish();
  }

  drained(): void {
    this.#slow = false;
    this.#go();
  }

  unstall(): void {
    if (!this.#stalled || this.over) return;
    this.#stalled = false;
    if (this.#working) return;
    this.#full = false;
    this.#work();
    if (!this.#stalled && this.#closing) this.#finish();
    else this.#go();
  }

  inject(bytes: Uint8Array): void {
    if (this.over) return;
    if (!this.atBoundary) this.#injected.push(bytes.slice());
    else if (this.#working) this.insert(bytes);
    else this.#send(bytes);
  }

  forward(length: number): void {
    this.#acted = true;
    this.#needed = 0;
    this.#forwarding = length;
    this.#advance();
  }

  drop(length: number): void {
    this.#acted = true;
    this.#needed = 0;
    this.#cut();
    this.#dropping = length;
    this.#advance();
    this.#runStart = this.at;
  }

  replace(length: number, bytes: Uint8Array): void {
    this.#acted = true;
    this.#needed = 0;
    this.#cut();
    this.#put(bytes);
    this.at += length;
    this.#runStart = this.at;
  }

  need(length: number): void {
    this.#acted = true;
    this.#needed = length;
  }

  stall(): void {
    this.#acted = true;
    this.#needed = 0;
    this.#stalled = true;
  }

  insert(bytes: Uint8Array): void {
    this.#cut();
    this.#put(bytes);
  }

  /** Writes what this chunk has come to, as one write. */
  flush(): void {
    if (this.#filled === 0) {
      if (this.at > this.#runStart) this.#send(this.view.subarray(this.#runStart, this.at));
    } else {
      this.#cut();
      const bytes = this.#scratch.subarray(0, this.#filled);
      this.#filled = 0;
      this.#send(bytes);
      if (this.#scratch.length > keptScratch) this.#scratch = Buffer.allocUnsafe(16 * 1024);
    }
    this.#runStart = this.at;
  }

  #work(): void {
    this.#working = true;
    try {
      this.#advance();
      while (this.at < this.end && !this.#stalled && !this.over) {
        if (this.#forwarding === 0 && this.#injected.length > 0) this.#release();
        if (this.#needed > this.end - this.at) break;
        this.#acted = false;
        this.codec.decode(this);
        if (!this.#acted && !this.over) {
          throw new PosternError("relay.stuck", "A codec neither consumed a message nor asked for more.");
        }
      }
      if (this.#forwarding === 0 && this.#injected.length > 0) this.#release();
    } catch (error) {
      this.#stalled = true;
      this.fail(error);
    } finally {
      this.#working = false;
    }
    this.flush();
    if (this.at === this.end) {
      this.at = 0;
      this.end = 0;
      this.#runStart = 0;
    }
    if (this.#stalled) this.#bound();
  }

  #advance(): void {
    const here = this.end - this.at;
    if (this.#forwarding > 0) {
      const step = Math.min(this.#forwarding, here);
      this.at += step;
      this.#forwarding -= step;
    } else if (this.#dropping > 0) {
      const step = Math.min(this.#dropping, here);
      this.at += step;
      this.#dropping -= step;
      this.#runStart = this.at;
    }
  }

  #release(): void {
    for (const bytes of this.#injected) this.insert(bytes);
    this.#injected = [];
  }

  /** Moves the run of forwarded bytes before `at` into the scratch buffer. */
  #cut(): void {
    if (this.at > this.#runStart) this.#put(this.view.subarray(this.#runStart, this.at));
    this.#runStart = this.at;
  }

  #put(bytes: Uint8Array): void {
    const length = this.#filled + bytes.length;
    if (length > this.#scratch.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#scratch.length * 2));
      this.#scratch.copy(grown, 0, 0, this.#filled);
      this.#scratch = grown;
    }
    this.#scratch.set(bytes, this.#filled);
    this.#filled = length;
  }

  #send(bytes: Uint8Array): void {
    this.target.write(bytes);
    const kept = this.passed?.(bytes);
    if (kept) {
      this.#recording = true;
      this.source.pause();
      kept.then(() => {
        this.#recording = false;
        this.#go();
      });
    }
    if (this.target.backlog > this.buffer) {
      this.#slow = true;
      this.source.pause();
    }
  }

  #bound(): void {
    if (this.end - this.at > this.buffer) {
      this.#full = true;
      this.source.pause();
    }
  }

  #go(): void {
    if (!this.#full && !this.#slow && !this.#recording && !this.over) this.source.resume();
  }

  #finish(): void {
    if (this.over) return;
    this.codec.ended();
    this.close();
  }
}
