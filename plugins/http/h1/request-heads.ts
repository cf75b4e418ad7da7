import type { Intake } from "./intake.ts";
import { type ParsedRequest, parseRequest } from "./request-head.ts";

/**
 * Reads one head after another. A client that asks the same again sends the same bytes, which need not be read twice:
 * the last head is kept.
 */
export class RequestHeads {
  #last: ParsedRequest | undefined;
  #bytes: Buffer = Buffer.alloc(0);

  /** `limit`: bytes of one head. */
  constructor(readonly limit: number) {}

  /** undefined: it is not all there. Throws Fault. */
  next(intake: Intake): ParsedRequest | undefined {
    if (this.#last && intake.startsWith(this.#bytes)) {
      intake.at += this.#bytes.length;
      return this.#last;
    }
    const end = intake.headEnd(this.limit);
    if (end < 0) return undefined;
    const bytes = intake.bytes.subarray(intake.at, end);
    const parsed = parseRequest(intake.takeHead(end));
    if (bytes.length <= kept) {
      this.#bytes = Buffer.from(bytes);
      this.#last = parsed;
    }
    return parsed;
  }
}

/** Bytes of the longest head that is kept. */
const kept = 2048;
