import { oneOf, onlyKnown, PosternError } from "../../core/plugin.ts";
import { type Detector, detectors } from "./detect/scanner.ts";
import { type ColumnMatcher, columnMatcher } from "./match.ts";
import { type Path, pathOf } from "./path.ts";
import { Keys, type Strategy, type Substitute, substituteOf, substituteOfComputed } from "./strategy.ts";

/** What a protocol's answers are made of. */
export type AnswerKind = "rows" | "document" | "text" | "stream";

/** `email`, `customers.card`, `public.customers.card`, or what a name matches; with a strategy of its own. */
export type ColumnMask = string | RegExp | { readonly column: string | RegExp; readonly as: Strategy };

/** Fields of JSON documents by their path: `$.users[*].email`, `metadata.annotations.*`; with a strategy of its own. */
export type FieldMask = string | { readonly field: string; readonly as: Strategy };

export type DetectorMask = Detector | { readonly detect: Detector; readonly as: Strategy };

export interface MaskOptions<K extends AnswerKind = AnswerKind> {
  /** Columns whose values are masked whatever they are, wherever they go. */
  readonly columns?: readonly ColumnMask[];
  /** Fields of JSON documents whose values are masked whatever they are: a subset of JSONPath (RFC 9535). */
  readonly fields?: readonly FieldMask[];
  /** What is masked wherever it is found in a text. */
  readonly detect?: readonly DetectorMask[];
  /** For all that name no other. Default: `redact`. */
  readonly strategy?: Strategy;
  /** What the answers of the resources are made of. Default: `rows`, a database. */
  readonly answers?: K | readonly K[];
  /**
   * `refuse`: an operation that would store what the session was shown in place of a value is denied
   * (`mask.written-back`). Default: `refuse`.
   */
  readonly writtenBack?: "refuse" | "allow";
  /**
   * `refuse`: an operation that stores a value of a column of `columns` in a column that is not masked is denied
   * (`mask.copied`), also where nobody can tell. Default: `refuse`.
   */
  readonly copied?: "refuse" | "allow";
  /**
   * `deny`: an operation that asks something of a column of `columns` is refused (`mask.predicate`): by a condition, a
   * join, an order, a group, a comparison. Default: `allow`.
   */
  readonly predicates?: "allow" | "deny";
  readonly name?: string;
}

/** The options, checked and ready for use. */
export interface Masks {
  readonly columns: readonly {
    readonly matches: ColumnMatcher;
    readonly substitute: Substitute;
    /** Of what is computed from it. */
    readonly computed: Substitute;
  }[];
  readonly fields: readonly { readonly path: Path; readonly substitute: Substitute }[];
  readonly kinds: readonly Detector[];
  readonly found: ReadonlyMap<Detector, Substitute>;
  /** Of what is found in values that the caller has made, or may have. */
  readonly foundComputed: ReadonlyMap<Detector, Substitute>;
  readonly keys: Keys;
}

export function masksOf(options: MaskOptions): Masks {
  onlyKnown<MaskOptions>("mask", options, {
    columns: true,
    fields: true,
    detect: true,
    strategy: true,
    answers: true,
    writtenBack: true,
    copied: true,
    predicates: true,
    name: true,
  });
  const { columns = [], fields = [], detect = [], strategy = "redact" } = options;
  const { writtenBack = "refuse", copied = "refuse", predicates = "allow" } = options;
  oneOf("writtenBack", writtenBack, ["refuse", "allow"]);
  oneOf("copied", copied, ["refuse", "allow"]);
  oneOf("predicates", predicates, ["allow", "deny"]);
  if (columns.length === 0 && fields.length === 0 && detect.length === 0) {
    throw new PosternError("mask.empty", "mask() names neither columns or fields nor anything to detect.", {
      hint: 'For example mask({ columns: ["email"], detect: ["card"] }).',
    });
  }
  const named = columns.map((each) =>
    typeof each === "string" || each instanceof RegExp ? { column: each, as: strategy } : each,
  );
  const reached = fields.map((each) => (typeof each === "string" ? { field: each, as: strategy } : each));
  const searched = detect.map((each) => (typeof each === "string" ? { detect: each, as: strategy } : each));
  for (const { detect: kind } of searched) {
    if (!detectors.includes(kind)) {
      throw new PosternError("mask.detector", `There is no detector "${kind}".`, {
        hint: `Choose of ${detectors.join(", ")}.`,
      });
    }
  }
  const keys = new Keys([...named, ...reached, ...searched].map(({ as }) => as));
  return {
    columns: named.map(({ column, as }) => ({
      matches: columnMatcher(column),
      substitute: substituteOf(as, keys),
      computed: substituteOfComputed(as),
    })),
    fields: reached.map(({ field, as }) => ({ path: pathOf(field), substitute: substituteOf(as, keys) })),
    kinds: searched.map(({ detect: kind }) => kind),
    found: new Map(searched.map(({ detect: kind, as }) => [kind, substituteOf(as, keys)])),
    foundComputed: new Map(
      searched.map(({ detect: kind, as }) => [
        kind,
        typeof as === "object" ? substituteOfComputed(as) : substituteOf(as, keys),
      ]),
    ),
    keys,
  };
}
