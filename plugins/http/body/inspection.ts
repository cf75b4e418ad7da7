import { type Answer, PosternError } from "../../../core/plugin.ts";
import type { BodyLength, BodySink } from "../exchange.ts";
import type { Fields, ResponseHead } from "../message.ts";
import type { ToUtf8 } from "./charset.ts";
import { type Applying, applying, type Coding, undoing } from "./codings.ts";
import type { Inspector } from "./inspector.ts";
import { shownFields } from "./shown-head.ts";
import { type Onward, Through } from "./through.ts";
import { withheld } from "./withheld.ts";

/** Who takes what the caller may see of an answer. */
export interface Shown {
  /** Once, before anything else but `broken`. */
  head(head: ResponseHead, length: BodyLength): void;
  /** The view is good until it returns. False: no more until `drained`. */
  data(view: Uint8Array): boolean;
  end(trailers: Fields): void;
  /** Nothing follows. Before `head`: nothing has left, so the caller can be told why (`answer.withheld`: 502). */
  broken(reason: PosternError): void;
  /** After `data` of the inspected body returned false: more of it may come. */
  resume(): void;
}

/** A body on its way through the guardrails. */
export interface InspectedBody extends BodySink {
  /** `Shown.data` returned false, and more may come now. */
  drained(): void;
  /** Nobody wants the rest. `Shown` hears nothing after it. */
  close(): void;
}

export interface Looking {
  readonly answer: Answer;
  readonly head: ResponseHead;
  /** Innermost last, as they were applied. */
  readonly codings: readonly Coding[];
  /** The one that the caller gets. */
  readonly applied: Coding | undefined;
  readonly charset: ToUtf8;
  readonly inspector: Inspector;
  /** When the head leaves: at once, before what flows; with the whole body, so that its length is known; or with its first byte. */
  readonly begins: "at once" | "with all" | "with the first";
}

/** What a coding may make of a few bytes, and of many: more is no text. */
const slack = 16 << 20;
const most = 250;

/** The codings undone, looked at, a coding applied again. */
export class Inspection implements InspectedBody {
  readonly #looking: Looking;
  readonly #shown: Shown;
  /** Outermost first. */
  readonly #undo: readonly Through[];
  readonly #applying: Applying | undefined;
  readonly #apply: Through | undefined;
  #began = false;
  /** Who takes what leaves takes no more for now. */
  #full = false;
  #over = false;
  #trailers: Fields = [];
  readonly #emit = (view: Uint8Array): void => this.#leave(view);

  constructor(looking: Looking, shown: Shown) {
    this.#looking = looking;
    this.#shown = shown;
    this.#undo = looking.codings.toReversed().map((coding, index) => this.#undoing(coding, index));
    if (looking.applied !== undefined) {
      const to = applying(looking.applied);
      this.#applying = to;
      this.#apply = new Through(
        () => to.stream,
        this.#applied(),
        () => true,
      );
    }
    if (looking.begins === "at once") this.#begin("chunked");
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    const [outer] = this.#undo;
    return outer ? outer.data(view) : this.#look(view);
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    this.#trailers = trailers;
    const [outer] = this.#undo;
    if (outer) outer.end();
    else this.#last();
  }

  broken(reason: PosternError): void {
    if (this.#over) return;
    this.close();
    this.#shown.broken(reason);
  }

  drained(): void {
    if (this.#over) return;
    if (this.#apply) this.#apply.drained();
    else this.#freed();
  }

  close(): void {
    this.#over = true;
    for (const through of this.#undo) through.close();
    this.#apply?.close();
  }

  #undoing(coding: Coding, index: number): Through {
    const onward: Onward = {
      data: (view) => this.#undo[index + 1]?.data(view) ?? this.#look(view),
      end: () => {
        const inner = this.#undo[index + 1];
        if (inner) inner.end();
        else this.#last();
      },
      failed: (error) => this.broken(withheld("its content coding is broken, or hides far too much", error)),
      resume: () => {
        const outer = this.#undo[index - 1];
        if (outer) outer.drained();
        else this.#shown.resume();
      },
    };
    return new Through(
      (first) => undoing(coding, first),
      onward,
      (received, produced) => produced <= slack + received * most,
    );
  }

  #applied(): Onward {
    return {
      data: (view) => this.#shown.data(view),
      end: () => this.#shown.end(this.#trailers),
      failed: (error) => this.broken(withheld("its content coding cannot be made", error)),
      resume: () => this.#freed(),
    };
  }

  /** More may leave. */
  #freed(): void {
    if (!this.#full) return;
    this.#full = false;
    const inner = this.#undo.at(-1);
    if (inner) inner.drained();
    else this.#shown.resume();
  }

  #look(view: Uint8Array): boolean {
    const { charset, inspector, begins } = this.#looking;
    this.#guarded(() => inspector.push(charset.push(view), this.#emit));
    if (begins === "at once" && !this.#over) this.#applying?.flush();
    return !this.#full;
  }

  #last(): void {
    const { answer, charset, inspector } = this.#looking;
    this.#guarded(() => {
      const rest = charset.end();
      if (rest.length > 0) inspector.push(rest, this.#emit);
      inspector.end(this.#emit);
      this.#trailers = shownFields(this.#trailers, answer);
    });
    if (this.#over) return;
    if (!this.#began) this.#begin(0);
    if (this.#apply) this.#apply.end();
    else {
      this.#over = true;
      this.#shown.end(this.#trailers);
    }
  }

  /** What a guardrail throws ends the answer. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.broken(error instanceof PosternError ? error : withheld("looking at it failed", error));
    }
  }

  #leave(view: Uint8Array): void {
    if (view.length === 0) return;
    if (!this.#began) {
      const whole = this.#looking.begins === "with all" && this.#apply === undefined;
      this.#begin(whole ? view.length : "chunked");
    }
    const more = this.#apply ? this.#apply.data(view) : this.#shown.data(view);
    if (!more) this.#full = true;
  }

  #begin(length: BodyLength): void {
    this.#began = true;
    this.#shown.head(this.#looking.head, length);
  }
}
