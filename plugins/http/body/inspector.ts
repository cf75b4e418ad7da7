import type { Answer } from "../../../core/plugin.ts";
import { isJson, shownDocument, shownForm, utf8, withoutPrefix } from "./document.ts";
import { Events } from "./events.ts";
import { Held } from "./held.ts";
import type { MediaType, Shape } from "./media.ts";
import { Sequence } from "./sequence.ts";
import { shownStream } from "./text.ts";

/** Looks at a body as it arrives, without its codings and in UTF-8. Throws PosternError `answer.withheld`. */
export interface Inspector {
  /** `emit` gets what may leave now; views are good until it returns. */
  push(view: Uint8Array, emit: Emit): void;
  end(emit: Emit): void;
}

export type Emit = (view: Uint8Array) => void;

/** `frame`: bytes that may wait for their end. `anything`: a text of known length, which may be JSON all the same. */
export function inspectorOf(
  shape: Shape | "anything",
  { type }: MediaType,
  answer: Answer,
  frame: number,
): Inspector {
  switch (shape) {
    case "document":
      return new Whole(frame, (bytes) => shownDocument(bytes, type, answer));
    case "form":
      return new Whole(frame, (bytes) => shownForm(bytes, type, answer));
    case "sequence":
      return new Sequence(frame, (bytes) => shownDocument(bytes, type, answer));
    case "events":
      return new Events(frame, type, answer);
    case "text":
      return textOf(answer);
    case "anything":
      return new Anything(frame, type, answer);
  }
}

function textOf(answer: Answer): Inspector {
  return {
    push: (view, emit) => shownStream(answer, "body", view, emit),
    end: (emit) => shownStream(answer, "body", new Uint8Array(0), emit),
  };
}

/** JSON that is called text: what is escaped in it is found only if it is read as JSON. */
class Anything implements Inspector {
  readonly #held: Held;
  readonly #type: string;
  readonly #answer: Answer;
  readonly #text: Inspector;
  #begun: "json" | "text" | undefined;

  constructor(frame: number, type: string, answer: Answer) {
    this.#held = new Held(frame);
    this.#type = type;
    this.#answer = answer;
    this.#text = textOf(answer);
  }

  push(view: Uint8Array, emit: Emit): void {
    this.#begun ??= beginning(view);
    if (this.#begun === "text") return this.#text.push(view, emit);
    this.#held.add(view);
  }

  end(emit: Emit): void {
    const { bytes } = this.#held;
    if (this.#answer.document && this.#begun === "json" && isJson(withoutPrefix(utf8(bytes)).json)) {
      return emit(shownDocument(bytes, this.#type, this.#answer));
    }
    if (bytes.length > 0) this.#text.push(bytes, emit);
    this.#text.end(emit);
  }
}

/** What it may be by its first bytes; undefined: only white space until now. */
function beginning(view: Uint8Array): "json" | "text" | undefined {
  const first = /[^\s\ufeff]/.exec(Buffer.from(view.subarray(0, 4096)).toString("latin1"))?.[0];
  if (first === undefined) return undefined;
  return /[[{"()wf\u00ef]/.test(first) ? "json" : "text";
}

/** A body that means something as a whole only. */
class Whole implements Inspector {
  readonly #held: Held;
  readonly #shown: (bytes: Uint8Array) => Uint8Array;

  constructor(frame: number, shown: (bytes: Uint8Array) => Uint8Array) {
    this.#held = new Held(frame);
    this.#shown = shown;
  }

  push(view: Uint8Array): void {
    this.#held.add(view);
  }

  end(emit: Emit): void {
    emit(this.#shown(this.#held.bytes));
    this.#held.clear();
  }
}
