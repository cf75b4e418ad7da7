import { join } from "node:path";
import { bump, LogWords } from "./control.ts";
import {
  END,
  frameBytes,
  headerBytes,
  lengthBytes,
  type MappedSegment,
  mapFile,
  segmentName,
} from "./segment.ts";
import { filled, Stage } from "./stage.ts";

/**
 * A sequence of segments written by one thread. To append: `claim` room, write the payload into
 * `bytes` from `at`, then `commit`. Between the two nothing is visible to a reader.
 */
export class AppendLog {
  readonly #at: LogWords;
  /** Absent: frames are written into the segment itself. */
  readonly #stage: Stage | undefined;
  #mapped: MappedSegment | undefined;
  /** Where the next frame's length word goes. */
  #offset = 0;
  #closed = false;
  /** Number of the current segment; 0 before the first. */
  segment = 0;
  /** Frames committed. */
  count = 0;

  constructor(
    private readonly words: Int32Array,
    log: number,
    private readonly dir: string,
    private readonly segmentBytes: number,
    /** How many segments to have ready beyond the current one. */
    private readonly ahead: number,
    staged: boolean,
  ) {
    this.#stage = staged ? new Stage(dir) : undefined;
    this.#at = new LogWords(log);
  }

  /** Asks the recorder to make the first segments. */
  start(): void {
    Atomics.store(this.words, this.#at.wanted, this.segment + 1 + this.ahead);
    bump(this.words, this.#at.wake);
  }

  /** The largest payload that fits a segment. */
  get largest(): number {
    return this.segmentBytes - headerBytes - 2 * lengthBytes - 3;
  }

  /** Bytes that frames can still take in the current segment and in those that are ready. */
  get room(): number {
    return this.here + this.#further * (this.segmentBytes - headerBytes - lengthBytes);
  }

  /** Bytes that frames can still take in the current segment; room for the end mark is kept. */
  get here(): number {
    return this.#mapped ? this.segmentBytes - lengthBytes - this.#offset : 0;
  }

  get #further(): number {
    return Atomics.load(this.words, this.#at.ready) - this.segment;
  }

  /** Makes the current segment one where a payload of this size fits. False: none is ready. */
  claim(payload: number): boolean {
    if (frameBytes(payload) <= this.here) return true;
    // What the recorder cuts or removes once it is told must not be written: that would end the process.
    if (this.#closed || this.#further < 1 || payload > this.largest) return false;
    if (this.#mapped) this.#write(this.#mapped, END, this.#offset + lengthBytes);
    const next = this.segment + 1;
    this.#mapped = this.#stage?.begin(next) ?? mapFile(join(this.dir, segmentName(next)));
    this.#offset = headerBytes;
    Atomics.store(this.words, this.#at.segment, ++this.segment);
    this.start();
    return true;
  }

  /** The current segment. */
  get bytes(): Buffer {
    return this.#mapped!.bytes;
  }

  get view(): DataView {
    return this.#mapped!.view;
  }

  /** What is written of a segment, the current one or the one before. Only where it is staged. */
  frames(segment: number): Buffer {
    return this.#stage!.frames(segment);
  }

  /** Where in `bytes` the next payload goes. */
  get at(): number {
    return this.#offset + lengthBytes;
  }

  commit(payload: number): void {
    const end = this.#offset + frameBytes(payload);
    this.#write(this.#mapped!, payload, end);
    this.#offset = end;
    Atomics.store(this.words, this.#at.written, ++this.count | 0);
    if (Atomics.load(this.words, this.#at.quiet) === 1) {
      Atomics.store(this.words, this.#at.quiet, 0);
      bump(this.words, this.#at.wake);
    }
  }

  /** Puts the length word that makes a frame one, before `end`. */
  #write(mapped: MappedSegment, length: number, end: number): void {
    Atomics.store(mapped.words, this.#offset >> 2, length);
    if (this.#stage) filled(mapped, end);
  }

  /** No frame follows. The recorder flushes, cuts the file and says `closed`. */
  close(): void {
    this.#mapped = undefined;
    this.#closed = true;
    Atomics.store(this.words, this.#at.closed, this.#offset + 1);
    bump(this.words, this.#at.wake);
  }
}
