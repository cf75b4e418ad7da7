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
  /** Nothing but white space has come. */
  #blank = true;
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
    if (this.#empty) this.broken(withheld("there should be none"));
    else if (this.#blank && this.#isJson(view)) this.broken(withheld("it says that it is not JSON and is"));
    else return this.#shown.data(view);
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

  /** By how it begins: callers can have services that store files send any of them under any type. */
  #isJson(view: Uint8Array): boolean {
    const start = Buffer.from(view.subarray(0, 4096))
      .toString("latin1")
      .replace(/^\xef\xbb\xbf/, "")
      .trimStart();
    this.#blank = start === "";
    return /^[[{]\s*(?:["[{\]}\dtfn-]|$)/.test(start);
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
