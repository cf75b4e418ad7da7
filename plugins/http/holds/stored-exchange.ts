import type { Body, BodyLength, Exchange } from "../exchange.ts";
import type { RequestHead, ResponseHead } from "../message.ts";

/** What becomes of an answer that nobody waits for on a connection. */
export type StoredState =
  | { readonly state: "waiting" | "broken" | "too long" }
  | { readonly state: "whole"; readonly head: ResponseHead; readonly body: Uint8Array };

/** Memory that such answers of one process share. */
export class StoredBytes {
  #used = 0;

  /** `most`: bytes of all answers; `longest`: of one. */
  constructor(
    readonly most: number,
    readonly longest: number,
  ) {}

  take(bytes: number): boolean {
    if (this.#used + bytes > this.most) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Takes the answer in the place of the caller's connection, which has been told where to look for it. */
export class StoredExchange implements Exchange {
  readonly request: RequestHead;
  /** All of it was read before. */
  readonly body: Body | undefined = undefined;
  readonly upgrade = undefined;
  readonly expectsContinue = false;
  readonly caller: Exchange["caller"];
  drained: () => void = () => {};
  gone: () => void = () => {};
  #state: StoredState["state"] = "waiting";
  #head: ResponseHead | undefined;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(
    from: Exchange,
    readonly bytes: StoredBytes,
    /** The answer is whole, or never will be. */
    readonly settled: () => void,
  ) {
    this.request = from.request;
    this.caller = from.caller;
  }

  get result(): StoredState {
    if (this.#state !== "whole" || !this.#head)
      return { state: this.#state === "whole" ? "broken" : this.#state };
    return { state: "whole", head: this.#head, body: Buffer.concat(this.#parts) };
  }

  inform(): void {}

  respond(head: ResponseHead, _length: BodyLength): void {
    this.#head = head;
  }

  write(view: Uint8Array): boolean {
    if (this.#state !== "waiting") return true;
    if (this.#length + view.length > this.bytes.longest || !this.bytes.take(view.length)) {
      this.#settle("too long");
      // Later, as whoever writes is in the middle of it.
      queueMicrotask(() => this.gone());
      return true;
    }
    this.#length += view.length;
    this.#parts.push(Uint8Array.from(view));
    return true;
  }

  end(): void {
    this.#settle("whole");
  }

  switch(): Exchange["caller"] {
    throw new Error("An answer that is kept for later turns into no other protocol.");
  }

  abort(): void {
    this.#settle("broken");
  }

  /** Nobody will ask for it any more. */
  forget(): void {
    this.bytes.give(this.#length);
    this.#length = 0;
    this.#parts = [];
    if (this.#state === "whole") this.#state = "broken";
  }

  #settle(state: StoredState["state"]): void {
    if (this.#state !== "waiting") return;
    this.#state = state;
    this.settled();
  }
}
