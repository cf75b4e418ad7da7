import { join } from "node:path";
import { ChainEnd } from "./chain-end.ts";
import { type MappedSegment, mapFile } from "./segment.ts";
import { served, stageCount, stageName, whole, writeFrames } from "./stage.ts";

const keptBytes = 256 << 10;

/** The recorder's side of the stages: copies what they hold into segments, one after another, and chains it. */
export class StageCopy {
  readonly #files: (MappedSegment | undefined)[] = [];
  readonly #copy = Buffer.alloc(keptBytes);
  readonly end: ChainEnd;

  constructor(
    private readonly dir: string,
    stream: string,
  ) {
    this.end = new ChainEnd(stream);
  }

  /** Copies what the segment does not have yet. */
  copy(segment: number, fd: number): void {
    const { end } = this;
    // Closed, and all of it is there.
    if (segment < end.segment) return;
    const which = segment % stageCount;
    this.#files[which] ??= mapFile(join(this.dir, stageName(segment)));
    const stage = this.#files[which];
    if (served(stage) !== segment || end.segment !== segment)
      throw new Error(`segment ${segment} is not staged`);
    const { offset } = end;
    const frames = whole(stage);
    const bytes = frames.length - offset;
    const copy = bytes > keptBytes ? Buffer.allocUnsafe(bytes) : this.#copy.subarray(0, bytes);
    frames.copy(copy, 0, offset);
    end.link(copy);
    writeFrames(fd, copy, offset);
  }
}
