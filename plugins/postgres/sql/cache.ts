import type { Shape, SqlStatement } from "./classify.ts";
import { type SessionSettings, settingsKey } from "./settings.ts";

/** Characters and entries; what was not used for longest goes first. */
const most = { entries: 4096, characters: 8 << 20, text: 64 << 10 };

/** A map that forgets by count and by size. Its order is that of the last use. */
export class Remembered<Value> {
  readonly #entries = new Map<string, Value>();
  #characters = 0;

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && this.#entries.size > most.entries / 2) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Value): void {
    if (key.length > most.text) return;
    if (!this.#entries.has(key)) this.#characters += key.length;
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= most.entries && this.#characters <= most.characters) break;
      this.#entries.delete(oldest);
      this.#characters -= oldest.length;
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** One cache a settings object, which is one of twelve. */
const statements = new Map<string, Remembered<SqlStatement>>();
const perSettings = new WeakMap<SessionSettings, Remembered<SqlStatement>>();
const shapes = new Remembered<Shape>();

export function remembered(text: string, settings: SessionSettings): SqlStatement | undefined {
  return textsUnder(settings).get(text);
}

export function remember(statement: SqlStatement, settings: SessionSettings): void {
  textsUnder(settings).set(statement.text, statement);
}

/**
 * The shape of a text. Texts that differ in plain integers only share it, where an integer cannot mean anything
 * else: no quote, `$`, backslash or non-ASCII, one statement, and none that takes options (`EXPLAIN (ANALYZE 0)`).
 */
export function shapeOf(
  text: string,
  settings: SessionSettings,
  read: (text: string, settings: SessionSettings) => Shape,
): Shape {
  if (
    !/^\s*(select|insert|update|delete|with)\b[^'"$\\;\x7f-\uffff]*;?\s*$/i.test(text) ||
    text.length > 8192
  ) {
    return read(text, settings);
  }
  const key = settingsKey(settings) + text.replace(/(?<![\w.])\d+(?![\w.])/g, "0");
  let shape = shapes.get(key);
  if (shape === undefined) {
    shape = read(text, settings);
    shapes.set(key, shape);
  }
  return shape;
}

function textsUnder(settings: SessionSettings): Remembered<SqlStatement> {
  let texts = perSettings.get(settings);
  if (texts === undefined) {
    const key = settingsKey(settings);
    texts = statements.get(key) ?? new Remembered();
    statements.set(key, texts);
    perSettings.set(settings, texts);
  }
  return texts;
}
