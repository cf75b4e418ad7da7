import type { Answer, PosternError } from "../../../core/plugin.ts";
import type { BodyLength } from "../exchange.ts";
import type { Fields, ResponseHead } from "../message.ts";
import type { InspectedBody, Shown } from "./inspection.ts";
import { shownFields } from "./shown-head.ts";
import { withheld } from "./withheld.ts";

/** A body that is not looked into, since there is none or its type may pass as it is. */
export class Passing implements InspectedBody {
  readonly #answer: Answer;
  readonly #shown: Shown;
  readonly #empty: boolean;
  #over = false;

  /** `empty`: a byte of it would be an error of the resource's. */
  constructor(answer: Answer, shown: Shown, head: ResponseHead, length: BodyLength, empty: boolean) {
    this.#answer = answer;
    this.#shown = shown;
    this.#empty = empty;
    shown.head(head, length);
  }

  data(view: Uint8Array): boolean {
    if (this.#over || view.length === 0) return true;
    if (!this.#empty) return this.#shown.data(view);
    this.broken(withheld("there should be none"));
    return true;
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    this.#over = true;
    this.#shown.end(shownFields(trailers, this.#answer));
  }

  broken(reason: PosternError): void {
    if (this.#over) return;
    this.#over = true;
    this.#shown.broken(reason);
  }

  drained(): void {
    if (!this.#over) this.#shown.resume();
  }

  close(): void {
    this.#over = true;
  }
}

/** A body that nobody may see. */
export const dropped: InspectedBody = {
  data: () => true,
  end: () => {},
  broken: () => {},
  drained: () => {},
  close: () => {},
};
