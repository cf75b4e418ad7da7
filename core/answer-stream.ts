import type { Answer, Chunk } from "./guardrail.ts";

/**
 * Milliseconds of silence after which what a guardrail keeps back is shown. In a terminal nobody sees it as a delay;
 * elsewhere nobody waits for each byte, and a value that the network tore is seldom shown in part.
 */
const silence = { terminal: 5, other: 100 };

/** One direction and channel of a stream under its guardrails; undefined answers pass untouched. */
export class AnswerStream {
  readonly #stream: NonNullable<Answer["stream"]> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  readonly #silence: number;

  constructor(
    answer: Answer | undefined,
    readonly direction: Chunk["direction"],
    readonly channel: string,
    /** Where what was kept back goes, when the stream falls silent. */
    readonly late: (bytes: Uint8Array) => void,
  ) {
    this.#stream = answer?.stream?.bind(answer);
    this.#silence = channel === "terminal" ? silence.terminal : silence.other;
  }

  /** What may pass now. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    if (!this.#stream) return bytes;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.flush(), this.#silence);
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
