import type { Intake } from "./intake.ts";
import { type ParsedRequest, parseRequest } from "./request-head.ts";

/**
 * Reads one head after another. A client that asks the same again sends the same bytes, which need not be read twice:
 * the last head is kept.
 */
export class RequestHeads {
  #last: ParsedRequest | undefined;
  #bytes: Buffer | undefined;
  /** Of the head that is kept. */
  #length = 0;

  /** `limit`: bytes of one head. */
  constructor(readonly limit: number) {}

  /** undefined: it is not all there. Throws Fault. */
  next(intake: Intake): ParsedRequest | undefined {
    if (this.#last && this.#bytes && intake.startsWith(this.#bytes, this.#length)) {
      intake.at += this.#length;
      return this.#last;
    }
    const { at } = intake;
    const end = intake.headEnd(this.limit);
    if (end < 0) return undefined;
    const parsed = parseRequest(intake.takeHead(end));
    this.#last = undefined;
    if (end - at <= kept) {
      this.#bytes ??= Buffer.allocUnsafeSlow(kept);
      this.#length = intake.bytes.copy(this.#bytes, 0, at, end);
      this.#last = parsed;
    }
    return parsed;
  }
}

/** Bytes of the longest head that is kept. */
const kept = 2048;
