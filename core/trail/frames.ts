import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { END, frameBytes, headerBytes, lengthBytes, segmentName, trailMagic } from "./segment.ts";
import { StageFile } from "./stage-file.ts";

/** One frame as it lies in its segment. `payload` is a view that is good until the next call. */
export interface Frame {
  readonly segment: number;
  /** Of the length word, in the file. */
  readonly offset: number;
  readonly payload: Buffer;
  /** Not in its segment yet: it has a check in the place of its hash. */
  readonly staged: boolean;
}

/** Why a reader goes no further. `end`: all that was written so far; more may come. */
export type Stop =
  | { readonly at: "end" }
  | { readonly at: "missing" }
  /** Not a segment, or a frame that cannot be one. */
  | { readonly at: "damaged"; readonly what: string };

const windowBytes = 256 << 10;

/**
 * Reads the frames of one log in order, from a live file of another process too, and from its stage what is not in the
 * segment yet. After `end`, `next` may be called again when there is more.
 */
export class Frames {
  #fd: number | undefined;
  /** Read in place of the segment until it ends. */
  #stage: StageFile | undefined;
  #window = Buffer.alloc(windowBytes);
  /** The part of the file that the window holds. */
  #from = 0;
  #to = 0;
  stop: Stop = { at: "end" };

  constructor(
    private readonly dir: string,
    private readonly magic: string,
    private segment = 1,
    private offset = headerBytes,
    /** Also what only a stage has. */
    private readonly staged = magic === trailMagic,
  ) {}

  next(): Frame | undefined {
    for (;;) {
      if (this.#fd === undefined && !this.#open()) return undefined;
      const { segment, offset } = this;
      const length = this.#holds(offset, lengthBytes) ? this.#window.readInt32LE(offset - this.#from) : 0;
      if (length === END) {
        this.close();
        this.segment++;
        this.offset = headerBytes;
        continue;
      }
      if (length === 0 && this.#otherFile()) continue;
      if (length === 0) return this.#stop({ at: "end" });
      if (length < 0) return this.#stop({ at: "damaged", what: "a length that cannot be one" });
      const payload = this.#view(offset + lengthBytes, length);
      // Its stage was taken for another segment between the two: the frame is in this one.
      if (!payload && this.#stage?.serves === false) {
        this.#leaveStage();
        continue;
      }
      if (!payload) return this.#stop({ at: "damaged", what: "a frame that is longer than its segment" });
      this.offset += frameBytes(length);
      return { segment, offset, payload, staged: this.#stage !== undefined };
    }
  }

  /** Forgets the last frame, so that `next` reads it from the file again. */
  again(frame: Frame): void {
    this.offset = frame.offset;
    this.#leaveStage();
  }

  /** Segment and offset of the next frame. */
  get position(): { readonly segment: number; readonly offset: number } {
    return { segment: this.segment, offset: this.offset };
  }

  close(): void {
    this.#leaveStage();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** The segment goes on in its stage; a stage that serves another segment by now was copied into this one. */
  #otherFile(): boolean {
    const stage = this.#stage;
    if (stage) {
      this.#leaveStage();
      return !stage.serves;
    }
    if (!this.staged) return false;
    this.#stage = StageFile.open(this.dir, this.segment, this.offset);
    this.#to = this.#from;
    return this.#stage !== undefined || this.#hasMore();
  }

  /** Looked at after the stage: one that is gone, or serves another segment, was copied after the segment was read. */
  #hasMore(): boolean {
    const word = Buffer.alloc(lengthBytes);
    // Of a file that was cut off in the middle of a word there is no more.
    const whole = readSync(this.#fd!, word, 0, lengthBytes, this.offset) === lengthBytes;
    return whole && word.readInt32LE(0) !== 0;
  }

  #leaveStage(): void {
    this.#stage?.close();
    this.#stage = undefined;
    this.#to = this.#from;
  }

  #open(): boolean {
    let fd: number;
    try {
      fd = openSync(join(this.dir, segmentName(this.segment)), "r");
    } catch {
      this.stop = { at: "missing" };
      return false;
    }
    this.#fd = fd;
    const magic = this.#view(0, headerBytes)?.toString("latin1");
    if (magic === this.magic) return true;
    this.close();
    // A segment that is still being made has no magic yet.
    const empty = magic === undefined || magic === "\0".repeat(headerBytes);
    this.stop = empty ? { at: "end" } : { at: "damaged", what: "no segment of this kind" };
    return false;
  }

  #stop(stop: Stop): undefined {
    this.stop = stop;
    // What lies beyond was read too early: read it again next time.
    this.#leaveStage();
    return undefined;
  }

  /** `length` bytes of the file from `offset`; undefined when the file ends before. */
  #view(offset: number, length: number): Buffer | undefined {
    if (!this.#holds(offset, length)) return undefined;
    return this.#window.subarray(offset - this.#from, offset - this.#from + length);
  }

  /** Whether the window has these bytes of the file: it is read on where it does not reach. */
  #holds(offset: number, length: number): boolean {
    if (offset >= this.#from && offset + length <= this.#to) return true;
    if (length > this.#window.length) {
      // A length that was tampered with must not cost more memory than there is file.
      if (fstatSync(this.#stage?.fd ?? this.#fd!).size < offset + length) return false;
      this.#window = Buffer.alloc(length + windowBytes);
    }
    this.#from = offset;
    const read = this.#stage?.read(this.#window, offset);
    this.#to = offset + (read ?? readSync(this.#fd!, this.#window, 0, this.#window.length, offset));
    return offset + length <= this.#to;
  }
}

/** Numbers of the segments in a folder, in order. */
export function segmentsIn(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => (/^\d{6,}\.seg$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}
