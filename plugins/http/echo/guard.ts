import type { Fields, ResponseHead } from "../message.ts";
import { formsOf } from "./forms.ts";
import { Scrubber, scrub } from "./scrubber.ts";

/**
 * Keeps the credential of a session in the process where the resource repeats what it was sent. What a resource makes
 * of it (turned round, encrypted, cut into pieces) nobody can know again.
 */
export class EchoGuard {
  #last: string | undefined;
  #forms: readonly Buffer[] = [];
  /** Of the credential before: a request that was under way when it was renewed may have shown that. */
  #before: readonly Buffer[] = [];

  /** This is what the resource is shown from now on. */
  shows(secret: string): void {
    if (secret === this.#last) return;
    this.#last = secret;
    this.#before = this.#forms;
    this.#forms = formsOf(secret);
  }

  get forms(): readonly Buffer[] {
    return this.#before.length === 0 ? this.#forms : [...this.#forms, ...this.#before];
  }

  head(head: ResponseHead): ResponseHead {
    return { ...head, reason: this.#text(head.reason), fields: this.fields(head.fields) };
  }

  /** The same, where nothing is in it. */
  fields(fields: Fields): Fields {
    if (fields.length === 0) return fields;
    const said = Buffer.from(fields.join("\n"), "latin1");
    return this.forms.some((form) => said.includes(form)) ? fields.map((each) => this.#text(each)) : fields;
  }

  /** Whether any of it is in these bytes. */
  isIn(bytes: Buffer): boolean {
    return this.forms.some((form) => bytes.includes(form));
  }

  scrubber(): Scrubber {
    return new Scrubber(this.forms);
  }

  #text(text: string): string {
    const bytes = Buffer.from(text, "latin1");
    return scrub(bytes, this.forms) ? bytes.toString("latin1") : text;
  }
}
