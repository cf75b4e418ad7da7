import { type Action, Beginning, type Operation, type Recording } from "../../core/plugin.ts";
import { eventOf } from "./event.ts";

/** UTF-16 units of a text that is known again. */
const keptText = 2048;
/** What is left to say of an operation: its values, or its text. */
const rest: Buffer = Buffer.alloc(3 * keptText + 4096);
/** Bytes that stand behind the text or the values at most. */
const ending = 64;

const parametersWords = Buffer.from(`,"parameters":`);
const transactionWords = Buffer.from(`,"inTransaction":true`);
const endWords = Buffer.from("}}");

/** Operations with the same list of actions, most of which come again. */
interface Alike {
  /** The text that was seen last, as it came. */
  text: string;
  /** How their events begin: with the actions alone, and with that text too. */
  readonly actions: Beginning | undefined;
  whole: Beginning | undefined;
}

/** Writes operations into recordings. What many have in common is kept once, so that most say little more than their values. */
export class Operations {
  /** By the list itself: texts of one shape share it. undefined: it was seen once, and may be made anew for each operation. */
  readonly #alike = new WeakMap<readonly Action[], Alike | undefined>();
  /** The one that was used last, as it mostly is again. */
  #actions: readonly Action[] | undefined;
  #last: Alike | undefined;

  constructor(
    readonly redact: ((text: string) => string) | undefined,
    /** Whole bodies are kept. */
    readonly bodies: boolean,
  ) {}

  write(recording: Recording, operation: Operation): void | Promise<void> {
    const { parameters, actions, text } = operation;
    const told = this.redact !== undefined || parameters === undefined || parameters.list !== undefined;
    if (!told || operation.batch !== undefined || text.length > keptText)
      return this.#whole(recording, operation);
    const alike = actions === this.#actions ? this.#last : this.#alike.get(actions);
    if (alike === undefined) {
      this.#seen(actions, text);
      return this.#whole(recording, operation);
    }
    this.#actions = actions;
    this.#last = alike;
    const same = alike.text === text;
    if (same) alike.whole ??= Beginning.of(`${begins(actions)}${this.#json(text)}`);
    else {
      alike.text = text;
      alike.whole = undefined;
    }
    const beginning = same ? alike.whole : alike.actions;
    const length = beginning === undefined ? -1 : this.#rest(operation, same);
    if (beginning === undefined || length === -1) return this.#whole(recording, operation);
    return recording.again(beginning, rest, length);
  }

  #whole(recording: Recording, operation: Operation): void | Promise<void> {
    return recording.event("operation", eventOf(operation, this.redact, this.bodies));
  }

  #seen(actions: readonly Action[], text: string): void {
    const again = this.#alike.has(actions);
    this.#alike.set(
      actions,
      again ? { text, actions: Beginning.of(begins(actions)), whole: undefined } : undefined,
    );
  }

  /** Bytes of what stands behind the beginning, which has the text or not; -1: it has to be said in another way. */
  #rest({ text, parameters, inTransaction }: Operation, hasText: boolean): number {
    let at = hasText ? 0 : rest.write(this.#json(text), "utf8");
    if (at > rest.length - ending) return -1;
    if (parameters?.list !== undefined && this.redact === undefined) {
      at += parametersWords.copy(rest, at);
      at = parameters.list(rest, at);
      if (at === -1 || at > rest.length - ending) return -1;
    }
    if (inTransaction) at += transactionWords.copy(rest, at);
    return at + endWords.copy(rest, at);
  }

  #json(text: string): string {
    return JSON.stringify(this.redact ? this.redact(text) : text);
  }
}

function begins(actions: readonly Action[]): string {
  return `{"name":"operation","data":{"actions":${JSON.stringify(actions)},"text":`;
}
