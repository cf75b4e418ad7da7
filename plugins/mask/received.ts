import { PosternError } from "../../core/plugin.ts";
import { reason, type WrittenBack } from "./written-back.ts";

/** A field of more characters than this is looked at in parts. */
const longest = 8192;

/** The data of one COPY FROM STDIN, looked through field by field however it is cut. */
export class Received {
  readonly #decoder = new TextDecoder();
  /** What came behind the last end of a field. */
  #open = "";

  constructor(readonly issued: WrittenBack) {}

  /** Throws what the caller is told. Without bytes: nothing more comes. */
  take(bytes: Uint8Array): void {
    if (!this.issued.any) return;
    const text = this.#open + this.#decoder.decode(bytes, { stream: bytes.length > 0 });
    const end = bytes.length === 0 || text.length > longest ? text.length : lastEnd(text, this.#open.length);
    this.#open = text.slice(end);
    if (end > 0 && this.issued.isInData(text.slice(0, end)))
      throw new PosternError(
        reason.code,
        reason.message,
        reason.hint === undefined ? {} : { hint: reason.hint },
      );
  }
}

/** Behind the last character that ends a field, of those from `from` on; 0: there is none. */
function lastEnd(text: string, from: number): number {
  for (let at = text.length - 1; at >= from; at -= 1) if (text.charCodeAt(at) < 32) return at + 1;
  return 0;
}
