import {
  type Answer,
  type Chunk,
  type Column,
  type Guardrail,
  type Kind,
  type Operation,
  PosternError,
  type RowFilter,
  type TextSource,
  type Verdict,
  type Watch,
} from "../../core/plugin.ts";
import { copied } from "./copied.ts";
import { DocumentMask } from "./document.ts";
import { Finder } from "./found.ts";
import { type AnswerKind, type MaskOptions, type Masks, masksOf } from "./options.ts";
import { refusal } from "./predicates.ts";
import { Received } from "./received.ts";
import { type Finders, filterOf } from "./rows.ts";
import { StreamMask } from "./stream.ts";
import { mayPass, withheldText } from "./text.ts";
import { WrittenBack } from "./written-back.ts";

export type { Detector } from "./detect/scanner.ts";
export type { AnswerKind, ColumnMask, DetectorMask, FieldMask, MaskOptions } from "./options.ts";
export { type Hash, hash, type Strategy } from "./strategy.ts";

/** A database's errors quote its values, so rows are masked only where texts can be too. */
type Needs<K extends AnswerKind> = K | (K extends "rows" ? "text" : never);

/**
 * Keeps values from leaving: those of named columns wherever they go, and those that look like personal data or
 * keys wherever they are found.
 *
 *     mask({ columns: ["email", "public.customers.card", /ssn/i], detect: ["email", "card", "iban"] })
 *     mask({ columns: [{ column: "email", as: hash(env("MASK_KEY")) }], strategy: "partial" })
 *     mask({ columns: ["email"], predicates: "deny" })
 *     mask({ answers: "stream", detect: ["jwt", "cloudkey"] })
 *     mask({ answers: "document", fields: ["$.users[*].email", "metadata.annotations.*"] })
 *
 * Throws PosternError `mask.empty`, `mask.column`, `mask.detector`, `mask.answers`, `mask.path`,
 * `policy.option`.
 */
export function mask<const K extends AnswerKind = "rows">(
  options: MaskOptions<K>,
): Guardrail<Needs<NoInfer<K>>> {
  const masks = masksOf(options);
  const kinds = kindsOf(options.answers);
  if (masks.fields.length > 0 && !kinds.includes("document")) {
    throw new PosternError("mask.answers", `There are no fields in answers of ${kinds.join(" and ")}.`, {
      hint: 'Say `answers: "document"`, or leave `fields` out.',
    });
  }
  if (masks.columns.length > 0 && !kinds.some((kind) => kind === "rows" || kind === "document")) {
    throw new PosternError("mask.answers", `There are no columns in answers of ${kinds.join(" and ")}.`, {
      hint: "Leave `columns` out and name what to detect.",
    });
  }
  if (options.predicates === "deny" && !(masks.columns.length > 0 && kinds.includes("rows"))) {
    throw new PosternError(
      "mask.answers",
      'Without columns of rows there are no predicates for `predicates: "deny"`.',
      {
        hint: "Name columns of a database, or leave `predicates` out.",
      },
    );
  }
  const asks = options.predicates === "deny";
  const stores = options.copied !== "allow" && masks.columns.length > 0 && kinds.includes("rows");
  const needs: Kind[] = kinds.includes("rows") ? [...new Set<Kind>([...kinds, "text"])] : [...kinds];
  return {
    name: options.name ?? "mask",
    needs: needs as Needs<K>[],
    open: () => ({
      ...open(masks, kinds.includes("stream"), options.writtenBack !== "allow"),
      ...(asks ? { predicates: true } : {}),
      ...(stores ? { stores: true } : {}),
      ...(asks || stores
        ? {
            prepare: (operation) =>
              (asks ? refusal(operation, masks) : undefined) ??
              (stores ? copied(operation, masks) : undefined) ??
              "allow",
          }
        : {}),
    }),
  };
}

function kindsOf(answers: AnswerKind | readonly AnswerKind[] = "rows"): readonly AnswerKind[] {
  return typeof answers === "string" ? [answers] : answers;
}

/** `texts`: free text may pass without its masked names, since nobody knows them there. */
function open(masks: Masks, texts: boolean, refusing: boolean): Watch {
  const issued = refusing ? new WrittenBack() : undefined;
  const finder = new Finder(masks, issued);
  const computed = new Finder({ ...masks, found: masks.foundComputed }, issued);
  const session: Masked = {
    masks,
    finder,
    finders: { stored: finder, computed },
    issued,
    texts,
    documents: new DocumentMask(finder, masks, issued),
  };
  const { keys } = masks;
  const unasked = new MaskedAnswer(session);
  const judged = (operation: Operation): Verdict => {
    const reason = issued?.refusal(operation);
    return reason === undefined ? "allow" : { deny: reason };
  };
  return {
    ...(keys.ready && !refusing
      ? {}
      : {
          operation: (operation) =>
            keys.ready ? judged(operation) : keys.load().then(() => judged(operation)),
        }),
    answer: () => new MaskedAnswer(session),
    unasked: () => unasked,
  };
}

/** What the answers of one session share. */
interface Masked {
  readonly masks: Masks;
  readonly finder: Finder;
  readonly finders: Finders;
  readonly documents: DocumentMask;
  readonly issued: WrittenBack | undefined;
  readonly texts: boolean;
}

/** One answer; its methods are looked at one by one, so it has them all, whatever the protocol shows. */
class MaskedAnswer implements Answer {
  readonly #session: Masked;
  #streams: Map<string, StreamMask> | undefined;
  #received: Received | undefined;

  constructor(session: Masked) {
    this.#session = session;
  }

  rows(columns: readonly Column[]): "clear" | RowFilter {
    const { masks, finders, issued } = this.#session;
    return filterOf(columns, masks, finders, issued);
  }

  document(_contentType: string, value: unknown): unknown {
    return this.#session.documents.mask(value);
  }

  text(
    _kind: "error" | "notice" | "notification" | "log",
    text: string,
    code?: string,
    source?: TextSource,
  ): string {
    const { masks, finder } = this.#session;
    if (masks.columns.length > 0 && !mayPass(text, code, source)) return withheldText(code);
    return finder.replaceText(text);
  }

  received(bytes: Uint8Array): void {
    const { issued } = this.#session;
    if (issued === undefined) return;
    this.#received ??= new Received(issued);
    this.#received.take(bytes);
  }

  stream(chunk: Chunk): Chunk | undefined {
    const { masks, finder, texts } = this.#session;
    if (!texts && chunk.channel.startsWith("body") && masks.columns.length + masks.fields.length > 0) {
      throw new PosternError(
        "answer.withheld",
        "A body of free text cannot be masked by the names of fields.",
        {
          hint: 'Ask for JSON; the operator can let text pass by `answers: ["document", "stream"]`.',
        },
      );
    }
    this.#streams ??= new Map();
    let stream = this.#streams.get(chunk.channel);
    if (stream === undefined) {
      stream = new StreamMask(finder);
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
