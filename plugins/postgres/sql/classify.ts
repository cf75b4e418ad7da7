import type { Action, Statement } from "../../../core/plugin.ts";
import { nothing } from "../../../core/plugin.ts";
import { shapeOf, type Texts, textsFor } from "./cache.ts";
import { type CopiedOut, copiedOut, insideCopy } from "./copy.ts";
import { type Flaw, flawOf } from "./flaw.ts";
import { illegible } from "./legible.ts";
import { type Lineage, lineageOf } from "./lineage.ts";
import { type Mentions, noMentions } from "./mentions.ts";
import type { Tables } from "./outputs.ts";
import { parse } from "./parse.ts";
import { emptyScope, type NameUse, Reader } from "./reader.ts";
import type { Tree } from "./refs.ts";
import { defaultSettings, type SessionSettings } from "./settings.ts";
import { resetsIn, transactionIn } from "./transaction.ts";

export { loadParser } from "./parse.ts";

const unknown: Shape = {
  actions: [{ effect: "unknown", on: "*" }],
  uses: [],
  statements: 1,
  mentions: noMentions,
  transaction: "begins",
  copyIn: true,
  lineage: () => undefined,
};
const empty: Shape = { actions: [], uses: [], statements: 0, mentions: noMentions, lineage: () => undefined };

/** What the classifier found; the `detail` of a Statement. Texts of one shape share it. */
export interface Shape {
  readonly actions: readonly Action[];
  /** How many statements the text holds; 0 for an empty query. */
  readonly statements: number;
  /** Names of prepared statements and cursors that it makes, uses and drops, in order. */
  readonly uses: readonly NameUse[];
  /** What the resource's catalogue may make more of. */
  readonly mentions: Mentions;
  /** Oids of its parameters' types, where some are not the server's own: their values are checked when they arrive. */
  readonly parameterTypes?: readonly number[];
  /** What was read of the text, before the catalogue or names of the session made more of it. */
  readonly read?: SqlStatement;
  /** The session's settings after it was sent are `nextSettings(before, changes)`. */
  readonly changes?: SessionSettings;
  /** It ends a transaction and does nothing else, or it may begin one: with BEGIN, AND CHAIN, or by what stands behind an end. */
  readonly transaction?: "ends" | "begins";
  /** RESET ALL or DISCARD ALL is in it. */
  readonly resets?: true;
  /** COPY FROM STDIN is in it, or may be: nobody can tell. */
  readonly copyIn?: true;
  /** COPY TO STDOUT is in it. */
  readonly copyOut?: true;
  /** It is START_REPLICATION: data flows both ways until either side ends it. */
  readonly copyBoth?: true;
  /**
   * What each statement copies out, where the text shows it; made when first asked for. The columns of one are its
   * `query`'s only where it is the text's only statement.
   */
  copies?(): readonly (CopiedOut | undefined)[];
  /** Where computed columns come from, a statement each; made when first asked for. undefined: cannot be told. */
  lineage(): readonly Lineage[] | undefined;
  /** How many names are in its lineage, where that is kept with it from the start. */
  readonly names?: number;
  /**
   * Where columns are told elsewhere (apart.ts): to be asked once `tables` knows the relations, before what `lineage` says
   * of outputs and stores is asked. undefined: nothing to wait for. Never rejects.
   */
  follow?(tables: Tables): Promise<void> | undefined;
}

export interface SqlStatement extends Statement {
  readonly detail: Shape;
  /** `unclear`, with its place in the text. */
  flaw?(): Flaw | undefined;
}

/**
 * What a text would do, told by PostgreSQL's own parser. One text is one operation with all its actions over all
 * its statements. The same text under the same settings gives the same object for as long as it is cached.
 * Never throws: what cannot be parsed is one action `unknown` on `*`, an empty text has none.
 */
export function classify(text: string, settings: SessionSettings = defaultSettings): SqlStatement {
  const texts = textsFor(text, settings);
  return texts.statements.get(text) ?? classifyNew(text, settings, texts);
}

/** Of a text that is not known. `texts`: where it is kept. */
export function classifyNew(text: string, settings: SessionSettings, texts: Texts): SqlStatement {
  const shape = shapeOf(text, texts, () => read(text, settings));
  const statement = statementOf(text, shape, () => flawOf(text, settings));
  texts.statements.set(text, statement);
  return statement;
}

/** A text of which nothing can be told: `unknown`. */
export function unreadable(text: string, settings: SessionSettings): SqlStatement {
  return statementOf(text, unknown, () => {
    return { words: illegible(text, settings) ?? "it takes too long to read, or nests too deep" };
  });
}

/** `flaw`: asked for where some of it is `unknown`, once. */
export function statementOf(text: string, detail: Shape, flaw: () => Flaw | undefined): SqlStatement {
  const { actions } = detail;
  if (!actions.some(({ effect }) => effect === "unknown")) return { text, actions, detail };
  let found: Flaw | undefined;
  const once = () => (found ??= flaw());
  return { text, actions, detail, flaw: once, unclear: () => once()?.words };
}

function read(text: string, settings: SessionSettings): Shape {
  if (illegible(text, settings) !== undefined) return unknown;
  try {
    return shape(text, settings);
  } catch {
    return isEmpty(text) ? empty : unknown;
  }
}

function shape(text: string, settings: SessionSettings): Shape {
  const trees = parse(text);
  if (trees.length === 0) return empty;
  const reader = new Reader(settings);
  for (const { kind, node } of trees) {
    if (reader.turned) {
      reader.add("unknown", "*");
      reader.copyIn = true;
      break;
    }
    reader.statement(kind, node, emptyScope);
  }
  if (!reader.acts && trees.some(({ kind }) => answering.has(kind))) reader.add("read", nothing);
  let lineage: readonly Lineage[] | undefined;
  let copies: readonly (CopiedOut | undefined)[] | undefined;
  return {
    actions: reader.actions,
    statements: trees.length,
    uses: reader.uses,
    mentions: reader.mentions,
    ...(reader.changes === undefined ? {} : { changes: reader.changes }),
    ...transactionIn(trees),
    ...(resetsIn(trees) ? { resets: true } : {}),
    ...(reader.copyIn ? { copyIn: true } : {}),
    ...(reader.copyOut
      ? { copyOut: true, copies: () => (copies ??= parse(text).map((tree) => copiedOut(tree, text))) }
      : {}),
    lineage: () => (lineage ??= lineagesOf(text)),
  };
}

function lineagesOf(text: string): readonly Lineage[] {
  const trees = () => parse(text).map(insideCopy);
  return trees().map((tree, index) => lineageOf(tree, () => trees()[index] as Tree));
}

/** They show rows even where they name no relation; all others without an action do nothing to anybody. */
const answering = new Set(["SelectStmt", "PrepareStmt", "DeclareCursorStmt", "CopyStmt"]);

/** The parser takes no empty string, the protocol does. */
function isEmpty(text: string): boolean {
  return /^[\s;]*$/.test(text);
}
