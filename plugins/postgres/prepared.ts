import { randomBytes } from "node:crypto";
import type { Question } from "./control.ts";
import { bind, execute, parse, sync } from "./wire/query.ts";

/** A group of statements, each read and planned by the server. */
export function group(questions: readonly Question[]): Buffer {
  const messages = questions.flatMap(({ text, parameters = [], types }) => [
    parse("", text, types),
    bind("", "", parameters),
    execute(""),
  ]);
  return Buffer.concat([...messages, sync]);
}

/** For the transaction that the group is: a plan for any parameters does, and is made once. */
const planOnce: Question = {
  text: "select pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)",
};

/**
 * The same on a connection that remembers them: to plan a question about the catalogue takes several times as long as to
 * answer it. Behind a pooler callers share connections with the gateway: what they do not know is the name.
 */
export class Prepared {
  readonly #prefix = `postern_${randomBytes(12).toString("hex")}_`;
  readonly #names = new Map<string, string>();
  /** Texts that the server has been asked to prepare, in order. */
  #asked: string[] = [];
  /** The answers that come first are to nobody's questions. */
  #own = 0;

  group(questions: readonly Question[]): Buffer {
    this.#own = 1;
    return this.#messages([planOnce, ...questions]);
  }

  /** Those to the questions, once all have come. */
  answers<Answer>(all: readonly Answer[]): Answer[] {
    const own = this.#own;
    this.#own = 0;
    return all.slice(own);
  }

  #messages(questions: readonly Question[]): Buffer {
    const asked = new Map<string, string>();
    const messages = questions.flatMap(({ text, parameters = [] }) => {
      const known = this.#names.get(text) ?? asked.get(text);
      if (known !== undefined) return [bind("", known, parameters), execute("")];
      const name = `${this.#prefix}${this.#names.size + asked.size}`;
      asked.set(text, name);
      return [parse(name, text), bind("", name, parameters), execute("")];
    });
    this.#asked = [...asked.keys()];
    return Buffer.concat([...messages, sync]);
  }

  /** ParseComplete. */
  parsed(): void {
    const text = this.#asked.shift();
    if (text !== undefined) this.#names.set(text, `${this.#prefix}${this.#names.size}`);
  }
}
