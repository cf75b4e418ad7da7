import type { Shape, SqlStatement } from "./classify.ts";
import { type SessionSettings, settingsKey } from "./settings.ts";

/** Of each half. A weight is about the bytes that an entry takes. */
const most = { entries: 2048, weight: 4 << 20 };
/** Texts that share their shape are quickly read anew, and most never come again: so few stay in the processor's caches. */
const mostAlike = 128;
/** A longer text, or one of which more is known, is not worth its room. */
const longest = 64 << 10;
const heaviest = 512 << 10;

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
    if (key.length > longest || weight > heaviest) return;
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
  readonly statements: Remembered<SqlStatement>;
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
  const weigh = ({ detail }: SqlStatement) => weightOf(detail);
  return { key, alike, statements: new Remembered(weigh, alike ? mostAlike : most.entries) };
}
