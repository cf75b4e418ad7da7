import type { Answer, Chunk } from "../../../core/plugin.ts";

/** Milliseconds of silence after which what a guardrail keeps back is shown: nobody sees it as a delay. */
const silence = 5;

/** One direction and channel of a stream under its guardrails; undefined answers pass untouched. */
export class AnswerStream {
  readonly #stream: NonNullable<Answer["stream"]> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    answer: Answer | undefined,
    readonly direction: Chunk["direction"],
    readonly channel: string,
    /** Where what was kept back goes, when the stream falls silent. */
    readonly late: (bytes: Uint8Array) => void,
  ) {
    this.#stream = answer?.stream?.bind(answer);
  }

  /** What may pass now. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    if (!this.#stream) return bytes;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.flush(), silence);
    return this.#pass(bytes);
  }

  /** Nothing follows, for now. */
  flush(): void {
    clearTimeout(this.#quiet);
    const rest = this.#stream && this.#pass(new Uint8Array(0));
    if (rest) this.late(rest);
  }

  #pass(bytes: Uint8Array): Uint8Array | undefined {
    const { direction, channel } = this;
    const chunk = this.#stream?.({ direction, channel, bytes });
    return chunk && chunk.bytes.length > 0 ? chunk.bytes : undefined;
  }
}
