import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { headerBytes } from "./segment.ts";
import { stageName, stageWords } from "./stage.ts";

/** A stage as a reader of another process sees it, while the writer goes on. */
export class StageFile {
  /** False once it was taken for another segment. */
  serves = true;

  private constructor(
    readonly fd: number,
    private readonly segment: number,
    private readonly filled: number,
  ) {}

  /** undefined: it has nothing of this segment from this place on. */
  static open(dir: string, segment: number, offset: number): StageFile | undefined {
    let fd: number;
    try {
      fd = openSync(join(dir, stageName(segment)), "r");
    } catch {
      return undefined;
    }
    const { segment: of, filled } = wordsOf(fd);
    if (of === segment && filled > offset) return new StageFile(fd, segment, filled);
    closeSync(fd);
    return undefined;
  }

  /** Bytes that were read. What the writer overwrote meanwhile is none. */
  read(into: Buffer, offset: number): number {
    const length = Math.min(into.length, this.filled - offset);
    const read = length > 0 ? readSync(this.fd, into, 0, length, offset) : 0;
    this.serves = wordsOf(this.fd).segment === this.segment;
    return this.serves ? read : 0;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function wordsOf(fd: number): { segment: number; filled: number } {
  const words = Buffer.alloc(headerBytes);
  readSync(fd, words, 0, headerBytes, 0);
  return stageWords(words);
}
