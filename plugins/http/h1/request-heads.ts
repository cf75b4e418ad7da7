import type { Intake } from "./intake.ts";
import {
  knownLine,
  longestKnown,
  type ParsedRequest,
  parseRequest,
  type RequestFields,
  readLine,
  requestOf,
  versionOf,
} from "./request-head.ts";

/**
 * Reads one head after another. A client that stays on a connection sends the same fields with each request, which need
 * not be read twice: the last ones are kept, and known again by their bytes.
 */
export class RequestHeads {
  #last: RequestFields | undefined;
  #bytes: Buffer | undefined;
  /** Of the lines that are kept, with the end of the first line before them. */
  #length = 0;

  /** `limit`: bytes of one head. */
  constructor(readonly limit: number) {}

  /** undefined: it is not all there. Throws Fault. */
  next(intake: Intake): ParsedRequest | undefined {
    return this.#again(intake) ?? this.#read(intake);
  }

  /**
   * What is there is a first line that was read before, and the fields that are kept: as of most requests, and nothing is
   * searched for then. A first line that was read holds no line end, so that none is hidden before the fields.
   */
  #again(intake: Intake): ParsedRequest | undefined {
    const { bytes, at } = intake;
    const last = this.#last;
    const lineEnd = bytes.length - this.#length;
    if (last === undefined || this.#bytes === undefined || lineEnd <= at) return undefined;
    if (lineEnd - at > longestKnown || bytes.length - at > this.limit) return undefined;
    if (!intake.holds(this.#bytes, this.#length, lineEnd)) return undefined;
    const line = knownLine(bytes.latin1Slice(at, lineEnd));
    // Of another version the same fields say something else.
    if (line?.version !== last.version) return undefined;
    intake.at = bytes.length;
    return requestOf(line, last);
  }

  #read(intake: Intake): ParsedRequest | undefined {
    const end = intake.headEnd(this.limit);
    if (end < 0) return undefined;
    const lineEnd = intake.lineEnd(end);
    const length = end - lineEnd;
    // A text of its own: it is kept, and a part of the head's text would keep all of that.
    const line = intake.bytes.latin1Slice(intake.at, lineEnd);
    if (this.#last && this.#bytes && length === this.#length && intake.holds(this.#bytes, length, lineEnd)) {
      // Of another version the same fields say something else.
      if (versionOf(line) === this.#last.version) {
        intake.at = end;
        return requestOf(readLine(line), this.#last);
      }
    }
    const parsed = parseRequest(line, intake.takeFields(lineEnd, end));
    this.#keep(parsed.about, intake.bytes, lineEnd, end);
    return parsed;
  }

  #keep(about: RequestFields, bytes: Buffer, from: number, to: number): void {
    this.#last = undefined;
    if (to - from > kept) return;
    this.#bytes ??= Buffer.allocUnsafeSlow(kept);
    this.#length = bytes.copy(this.#bytes, 0, from, to);
    this.#last = about;
  }
}

/** Bytes of the longest fields that are kept. */
const kept = 2048;
