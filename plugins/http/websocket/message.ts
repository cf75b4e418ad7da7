import { WebSocketFault } from "./fault.ts";
import type { MessagePart } from "./reader.ts";

/** The message that is under way, until it is whole. */
export class MessageGatherer {
  #parts: Buffer[] = [];
  #length = 0;

  /** `most`: bytes of one message. */
  constructor(readonly most: number) {}

  /** The whole message, with its last part. Throws WebSocketFault 1009. */
  add(view: Buffer, { ends }: MessagePart): Buffer | undefined {
    this.#length += view.length;
    if (this.#length > this.most) throw new WebSocketFault(1009, "a message is longer than limits.frame");
    if (ends && this.#parts.length === 0) {
      this.#length = 0;
      return view;
    }
    if (view.length > 0) this.#parts.push(Buffer.from(view));
    if (!ends) return undefined;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return message;
  }
}
