import {
  type Answer,
  type Chunk,
  type Column,
  type Guardrail,
  type Kind,
  type Operation,
  PosternError,
  type RowFilter,
  type Watch,
} from "../../core/plugin.ts";
import { maskDocument } from "./document.ts";
import { Finder } from "./found.ts";
import { type AnswerKind, type MaskOptions, type Masks, masksOf } from "./options.ts";
import { filterOf } from "./rows.ts";
import { StreamMask } from "./stream.ts";
import { mayPass, withheldText } from "./text.ts";

export type { Detector } from "./detect/scanner.ts";
export type { AnswerKind, ColumnMask, DetectorMask, MaskOptions } from "./options.ts";
export { type Hash, hash, type Strategy } from "./strategy.ts";

/** A database's errors quote its values, so rows are masked only where texts can be too. */
type Needs<K extends AnswerKind> = K | (K extends "rows" ? "text" : never);

/**
 * Keeps values from leaving: those of named columns wherever they go, and those that look like personal data or
 * keys wherever they are found.
 *
 *     mask({ columns: ["email", "public.customers.card", /ssn/i], detect: ["email", "card", "iban"] })
 *     mask({ columns: [{ column: "email", as: hash(env("MASK_KEY")) }], strategy: "partial" })
 *     mask({ answers: "stream", detect: ["jwt", "cloudkey"] })
 *
 * Throws PosternError `mask.empty`, `mask.column`, `mask.detector`, `mask.answers`, `policy.option`.
 */
export function mask<const K extends AnswerKind = "rows">(
  options: MaskOptions<K>,
): Guardrail<Needs<NoInfer<K>>> {
  const masks = masksOf(options);
  const kinds = kindsOf(options.answers);
  if (masks.columns.length > 0 && !kinds.some((kind) => kind === "rows" || kind === "document")) {
    throw new PosternError("mask.answers", `There are no columns in answers of ${kinds.join(" and ")}.`, {
      hint: "Leave `columns` out and name what to detect.",
    });
  }
  const needs: Kind[] = kinds.includes("rows") ? [...new Set<Kind>([...kinds, "text"])] : [...kinds];
  return {
    name: options.name ?? "mask",
    needs: needs as Needs<K>[],
    open: () => open(masks),
  };
}

function kindsOf(answers: AnswerKind | readonly AnswerKind[] = "rows"): readonly AnswerKind[] {
  return typeof answers === "string" ? [answers] : answers;
}

function open(masks: Masks): Watch {
  const finder = new Finder(masks);
  const { keys } = masks;
  const unasked = new MaskedAnswer(masks, finder, undefined);
  return {
    ...(keys.ready ? {} : { operation: () => (keys.ready ? "allow" : keys.load().then(() => "allow")) }),
    answer: (operation) => new MaskedAnswer(masks, finder, operation),
    unasked: () => unasked,
  };
}

/** One answer; its methods are looked at one by one, so it has them all, whatever the protocol shows. */
class MaskedAnswer implements Answer {
  readonly #masks: Masks;
  readonly #finder: Finder;
  readonly #operation: Operation | undefined;
  #streams: Map<string, StreamMask> | undefined;

  constructor(masks: Masks, finder: Finder, operation: Operation | undefined) {
    this.#masks = masks;
    this.#finder = finder;
    this.#operation = operation;
  }

  rows(columns: readonly Column[]): "clear" | RowFilter {
    return filterOf(columns, this.#masks, this.#finder);
  }

  document(_contentType: string, value: unknown): unknown {
    return maskDocument(value, this.#finder, this.#masks.columns);
  }

  text(_kind: "error" | "notice" | "notification" | "log", text: string, code?: string): string {
    if (this.#masks.columns.length > 0 && !mayPass(text, code, this.#operation)) return withheldText(code);
    return this.#finder.replaceText(text);
  }

  stream(chunk: Chunk): Chunk | undefined {
    this.#streams ??= new Map();
    let stream = this.#streams.get(chunk.channel);
    if (stream === undefined) {
      stream = new StreamMask(this.#finder);
      this.#streams.set(chunk.channel, stream);
    }
    if (chunk.direction === "toResource") {
      stream.typed(chunk.bytes);
      return chunk;
    }
    const bytes = stream.push(chunk.bytes);
    return bytes.length === 0 && chunk.bytes.length > 0 ? undefined : { ...chunk, bytes };
  }
}
