import type { Shape, SqlStatement } from "./classify.ts";
import { type SessionSettings, settingsKey } from "./settings.ts";
import { longestText } from "./size.ts";

/** Of each half. A weight is about the bytes that an entry takes. */
const most = { entries: 2048, weight: 4 << 20 };
/** Texts that share their shape are quickly read anew, and most never come again: so few stay in the processor's caches. */
const mostAlike = 128;
/** What is longer, or of which more is known, is not worth its room. */
interface Worth {
  readonly longest: number;
  readonly heaviest: number;
}
const usual: Worth = { longest: 64 << 10, heaviest: 512 << 10 };
/** A large text takes so long to read that a few are worth more room. */
const large: Worth = { longest: longestText, heaviest: 2 << 20 };

/**
 * A map that forgets by count and by size what was not used for long: two halves, and when the young one is full it
 * becomes the old one, which goes. A hit among the young costs one look-up and moves nothing.
 */
export class Remembered<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #weight = 0;

  /** `weigh`: of a value, beside its key. */
  constructor(
    readonly weigh: (value: Value) => number = () => 0,
    readonly entries = most.entries,
    readonly worth = usual,
  ) {}

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    const weight = key.length + this.weigh(value);
    if (key.length > this.worth.longest || weight > this.worth.heaviest) return;
    if (this.#young.size >= this.entries || this.#weight > most.weight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, value);
    this.#weight += weight;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}

/** What is known of texts under one settings object, which is one of twelve: of those that share a shape, or of all others. */
export interface Texts {
  readonly key: string;
  readonly alike: boolean;
  readonly statements: Statements;
}

interface Known {
  readonly alike: Texts;
  readonly others: Texts;
}

const all = new Map<string, Known>();
const perSettings = new WeakMap<SessionSettings, Known>();
const shapes = new Remembered<Shape>(weightOf);
/** Texts of one shape share it: its mentions are counted once. */
const weights = new WeakMap<Shape, number>();

/** A few characters of a text become an action, a mention and several names in its lineage. */
function weightOf(shape: Shape): number {
  let weight = weights.get(shape);
  if (weight === undefined) {
    const { actions, mentions, uses } = shape;
    const { relations, calls, attributes, operators, types } = mentions;
    const lists = [actions, uses, relations, calls, attributes, operators, types];
    weight = lists.reduce((sum, { length }) => sum + length * 256, 0);
    weights.set(shape, weight);
  }
  return weight;
}

/** A list of values or columns may become as much as this for each of its signs. */
const perComma = 100;
/** A name in one of the sets of a lineage. */
const perName = 100;

function weightOfLarge({ statement: { text, detail } }: LargeStatement): number {
  let weight = weightOf(detail) + perName * (detail.names ?? 0);
  for (let at = text.indexOf(","); at !== -1; at = text.indexOf(",", at + 1)) weight += perComma;
  return weight;
}

interface LargeStatement {
  readonly under: Statements;
  readonly statement: SqlStatement;
}

/** Large ones under all settings share one room: whoever sends many of them takes no more. */
const largeStatements = new Remembered<LargeStatement>(weightOfLarge, most.entries, large);

/** What is known of texts under the same settings. */
class Statements {
  readonly #usual: Remembered<SqlStatement>;

  constructor(entries: number) {
    this.#usual = new Remembered(({ detail }) => weightOf(detail), entries);
  }

  get(text: string): SqlStatement | undefined {
    if (text.length <= usual.longest) return this.#usual.get(text);
    const known = largeStatements.get(text);
    return known?.under === this ? known.statement : undefined;
  }

  set(text: string, statement: SqlStatement): void {
    if (text.length <= usual.longest) this.#usual.set(text, statement);
    else largeStatements.set(text, { under: this, statement });
  }

  get size(): number {
    return this.#usual.size;
  }
}

/** Nothing in it can match in two ways: a run of spaces must not be tried at each of them. */
const collapsible = /^\s*(?:select|insert|update|delete|with)\b[^'"$\\;\x7f-\uffff]*(?:;\s*)?$/i;

/**
 * Where a text is kept. Texts that differ in plain integers only share their shape, where an integer cannot mean anything
 * else: no quote, `$`, backslash or non-ASCII, one statement, and none that takes options (`EXPLAIN (ANALYZE 0)`).
 */
export function textsFor(text: string, settings: SessionSettings): Texts {
  const { alike, others } = knownUnder(settings);
  return text.length <= 8192 && collapsible.test(text) ? alike : others;
}

/** The shape of a text that is kept there. */
export function shapeOf(text: string, { alike, key }: Texts, read: () => Shape): Shape {
  if (!alike) return read();
  const name = key + text.replace(/(?<![\w.])\d+(?![\w.])/g, "0");
  let shape = shapes.get(name);
  if (shape === undefined) {
    shape = read();
    shapes.set(name, shape);
  }
  return shape;
}

function knownUnder(settings: SessionSettings): Known {
  let known = perSettings.get(settings);
  if (known === undefined) {
    const key = settingsKey(settings);
    known = all.get(key) ?? { alike: texts(key, true), others: texts(key, false) };
    all.set(key, known);
    perSettings.set(settings, known);
  }
  return known;
}

function texts(key: string, alike: boolean): Texts {
  return { key, alike, statements: new Statements(alike ? mostAlike : most.entries) };
}
