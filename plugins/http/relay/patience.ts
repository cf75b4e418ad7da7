import { PosternError } from "../../../core/plugin.ts";
import type { Sending } from "../exchange.ts";

/**
 * How long a resource may be silent on one request: from its last byte, or from the moment that it takes no more of the body,
 * to the head of the answer. What comes behind the head may take its time: streams do.
 */
export class Patience {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /** `ms`: milliseconds; undefined: as long as the caller waits. */
  constructor(
    readonly ms: number | undefined,
    readonly late: (error: PosternError) => void,
  ) {}

  /** The same request, with an eye on when it is the resource's turn. */
  watch(sending: Sending): Sending {
    if (this.ms === undefined) return sending;
    return {
      write: (view) => {
        const takes = sending.write(view);
        if (!takes) this.#wait();
        return takes;
      },
      end: (trailers) => {
        sending.end(trailers);
        this.#wait();
      },
      resume: () => sending.resume(),
      abort: () => sending.abort(),
    };
  }

  /** It has put off its answer (1xx): its time begins anew. */
  heard(): void {
    if (this.#timer) this.#wait();
  }

  /** It has taken what waited for it. */
  taken(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The head is there, or nobody waits for it any more. */
  end(): void {
    this.#over = true;
    this.taken();
  }

  #wait(): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.late(silent(this.ms ?? 0)), this.ms);
  }
}

function silent(ms: number): PosternError {
  return new PosternError("resource.timeout", `The resource did not answer within ${ms} ms.`, {
    hint: "Try again later; the operator sets the resource's `timeout`.",
  });
}
