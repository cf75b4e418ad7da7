import type { Operation, Reason } from "../../core/plugin.ts";
import { literalsIn } from "./literals.ts";
import { redacted, withheld } from "./strategy.ts";

/** Told of each text that stands in place of a value. `name`: of the column or field, where there is one. */
export interface Shown {
  note(text: string | Uint8Array, name?: string): void;
}

/** How many substitutes are remembered, and under how many names. */
const places = 8192;
const mostNames = 1024;

const plain: ReadonlySet<string> = new Set([redacted, withheld]);
const lengths: ReadonlySet<number> = new Set([...plain].map(({ length }) => length));

/**
 * What one session was shown in place of values, so that it is not stored as if it were the value. A substitute that
 * nobody types by chance is known by itself; `****` only by the name of the field that it stood in. Of many, the
 * ones that were shown last are remembered, as hashes.
 */
export class WrittenBack implements Shown {
  #hashes: Uint32Array | undefined;
  readonly #names = new Set<string>();
  /** There was anything. */
  any = false;

  note(text: string | Uint8Array, name?: string): void {
    this.any = true;
    if (isPlain(text)) {
      if (name !== undefined && this.#names.size < mostNames) this.#names.add(name.toLowerCase());
      return;
    }
    this.#hashes ??= new Uint32Array(places * 2);
    const first = Bun.hash.xxHash32(text, 1);
    const at = (first % places) * 2;
    this.#hashes[at] = first;
    this.#hashes[at + 1] = Bun.hash.xxHash32(text, 2) | 1;
  }

  /** Why this operation is refused; undefined: nothing of the kind is in it. */
  refusal(operation: Operation): Reason | undefined {
    if (!this.any || !stores(operation)) return undefined;
    return this.#holds(operation) || operation.batch?.some((each) => this.#holds(each)) ? reason : undefined;
  }

  /** Whether one of a COPY's fields is such a text, or has one in it: `lines` are of whichever format. */
  isInData(lines: string): boolean {
    return lines.split(notInFields).some((field) => {
      if (this.#isWhole(field) || (/^\s*[[{("]/.test(field) && this.#isInValue(field))) return true;
      if (field.split(/[,;|]/).some((part) => this.#isWhole(bare(part)))) return true;
      if (this.#hashes === undefined) return false;
      // In binary form what stands before a field may be the last byte of its length.
      return (
        this.#isKnown(field.slice(1)) ||
        [...field.matchAll(words)].some(([word]) => this.#isKnown(word)) ||
        field.split(seldom).some((part) => this.#isKnown(bare(part)))
      );
    });
  }

  #holds({ text, parameters }: Operation): boolean {
    for (const literal of literalsIn(text)) {
      if (this.#isWhole(literal) || (/^\s*[[{("]/.test(literal) && this.#isInValue(literal))) return true;
    }
    for (let index = 0; index < (parameters?.length ?? 0); index++) {
      const value = parameters?.at(index) ?? null;
      if (value === null) continue;
      if (this.#isIn(typeof value === "string" ? value : textOf(value))) return true;
    }
    return false;
  }

  /** A document, or PostgreSQL's own form of an array or row: `{a***@e***.com}`, `(1,****)`. */
  #isInValue(text: string): boolean {
    if (this.#isIn(text)) return true;
    return !isJson(text) && [...text.matchAll(/[^\s",(){}]+/g)].some(([word]) => this.#isWhole(word));
  }

  #isIn(text: string): boolean {
    if (this.#isWhole(text)) return true;
    if (/^\s*[[{"]/.test(text)) {
      try {
        return this.#isInDocument(JSON.parse(text), "", 0);
      } catch {
        // No JSON: looked at as text.
      }
    }
    if (/^[^\s=&]+=[^\s]*$/.test(text)) {
      return [...new URLSearchParams(text)].some(([name, value]) => this.#isUnder(value, name));
    }
    return this.#isInText(text);
  }

  #isInDocument(value: unknown, name: string, depth: number): boolean {
    if (typeof value === "string") return this.#isUnder(value, name);
    if (typeof value !== "object" || value === null || depth > 200) return false;
    if (Array.isArray(value)) return value.some((item) => this.#isInDocument(item, name, depth + 1));
    const patched = patchedName(value);
    return Object.entries(value).some(([field, each]) =>
      this.#isInDocument(each, field === "value" ? (patched ?? field) : field, depth + 1),
    );
  }

  /** `email: "****"`, `email=a***@e***.com`, and substitutes that stand between blanks or quotes. */
  #isInText(text: string): boolean {
    if (this.#hashes !== undefined) {
      for (const [word] of text.matchAll(words)) if (this.#isWhole(word)) return true;
    }
    const line = /^[\s-]*["']?([\w.-]+)["']?\s*[:=]\s*["']?(\*{4}|\[withheld\])["']?\s*,?\s*$/gm;
    for (const [, name = "", value = ""] of text.matchAll(line)) if (this.#isUnder(value, name)) return true;
    return false;
  }

  /** A value that has no name: `****` counts where it was shown at all. */
  #isWhole(text: string): boolean {
    return plain.has(text) ? this.#names.size > 0 : this.#isKnown(text);
  }

  #isUnder(text: string, name: string): boolean {
    return plain.has(text) ? this.#names.has(name.toLowerCase()) : this.#isKnown(text);
  }

  #isKnown(text: string): boolean {
    if (this.#hashes === undefined || text.length < 4) return false;
    const first = Bun.hash.xxHash32(text, 1);
    const at = (first % places) * 2;
    return this.#hashes[at] === first && this.#hashes[at + 1] === (Bun.hash.xxHash32(text, 2) | 1) >>> 0;
  }
}

/** Also of bytes, of which most are longer or shorter. */
function isPlain(text: string | Uint8Array): boolean {
  if (typeof text === "string") return plain.has(text);
  return lengths.has(text.length) && plain.has(Buffer.from(text).toString("latin1"));
}

/** Tabs, ends of lines, and what parts the fields of the binary form. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what parts the fields.
const notInFields = /[\x00-\x1f\ufffd]+/;

/** Delimiters that CSV seldom has, and in which `****` is more often a part of a text. */
const seldom = /[!#$%&/:?\\^`~]/;

/** A field of CSV without its quotes. */
function bare(part: string): string {
  return part.trim().replace(/^"(.*)"$/, "$1");
}

/** Also between the lengths of an array or row in binary form. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what parts the words.
const words = /[^\s\x00-\x1f"',;=<>()[\]{}]+/g;

/** A document in jsonb's binary form has its version, 1, before it. */
function textOf(value: Uint8Array): string {
  const from = value[0] === 1 && (value[1] === 0x7b || value[1] === 0x5b || value[1] === 0x22) ? 1 : 0;
  return Buffer.from(value.buffer, value.byteOffset + from, value.length - from).toString("utf8");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A search for what was shown is no harm. */
function stores({ actions }: Operation): boolean {
  return actions.some(({ effect }) => effect !== "read" && effect !== "connect");
}

/** In a JSON Patch (RFC 6902) the field that an entry is about. */
function patchedName(value: object): string | undefined {
  const { op, path } = value as { readonly op?: unknown; readonly path?: unknown };
  if (typeof op !== "string" || typeof path !== "string") return undefined;
  return path
    .slice(path.lastIndexOf("/") + 1)
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
}

/** Of what was shown, and comes back. */
export const reason: Reason = {
  code: "mask.written-back",
  message: "What would be stored holds a text that a mask has put in the place of a value.",
  hint: "Leave the masked fields out of what you write, or give them new values.",
};
