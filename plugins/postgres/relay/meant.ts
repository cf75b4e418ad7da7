import type { Action, Cursor } from "../../../core/plugin.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { loadPredicates, predicatesOf } from "../sql/predicates.ts";
import { nextSettings, type SessionSettings } from "../sql/settings.ts";
import { loadStores, storesOf } from "../sql/stores.ts";
import type { Exchange } from "./exchange.ts";
import type { Definition, Portal } from "./named.ts";
import {
  functionCallStatement,
  mayDefine,
  preparedIn,
  typedStatement,
  unknownStatement,
} from "./statement.ts";

/** What texts mean on this resource. Where its catalogue must be asked, the caller's direction stands still. */
export class Meant {
  /** What was answered of the statement at which the direction stood still. */
  #told: { readonly of: SqlStatement; readonly means: SqlStatement } | undefined;
  #judged: WeakMap<SqlStatement, SqlStatement> | undefined;
  #toldCall: { readonly oid: number; readonly does: Action | undefined } | undefined;

  /** What the last long text was found to say: its message asks for it again whenever the direction has stood still. */
  #read:
    | { readonly text: string; readonly settings: SessionSettings; readonly statement: SqlStatement }
    | undefined;

  constructor(readonly exchange: Exchange) {}

  /** What a text says by itself. undefined: the direction waits until it is read; the same message asks again then. */
  read(cursor: Cursor, text: string, settings: SessionSettings): SqlStatement | undefined {
    const { exchange } = this;
    const known = this.#read;
    if (known !== undefined && known.settings === settings && known.text === text) return known.statement;
    const reading = exchange.services.classify(text, settings);
    if (!(reading instanceof Promise)) return reading;
    exchange.stall(cursor, "reading");
    reading.then((statement) => {
      this.#read = { text, settings, statement };
      exchange.go("reading");
    });
    return undefined;
  }

  /** The message at the cursor is done with. */
  forget(): void {
    this.#read = undefined;
  }

  /** undefined: the direction waits for the catalogue; the same message asks again then. */
  of(cursor: Cursor, statement: SqlStatement): SqlStatement | undefined {
    const { exchange } = this;
    const told = this.#told;
    this.#told = undefined;
    if (told?.of === statement) return told.means;
    const { meanings, gate } = exchange.services;
    const redefined =
      exchange.defining === "certainly" ||
      (statement.detail.statements > 1 && mayDefine(statement) === "certainly");
    let means = meanings.of(statement, exchange.temporary, redefined);
    if (gate.wantsPredicates || gate.wantsStores) {
      means = means instanceof Promise ? means.then((it) => this.#followed(it)) : this.#followed(means);
    }
    if (!(means instanceof Promise)) return means;
    exchange.stall(cursor, "catalogue");
    means.then((answer) => {
      this.#told = { of: statement, means: answer };
      exchange.go("catalogue");
    });
    return undefined;
  }

  /** With the columns whose values decide what it does, or go to another; the same object while they are the same. */
  #followed(means: SqlStatement): SqlStatement | Promise<SqlStatement> {
    const { catalogue, gate } = this.exchange.services;
    const predicates = gate.wantsPredicates ? loadPredicates(means, catalogue) : undefined;
    const stores = gate.wantsStores ? loadStores(means, catalogue) : undefined;
    if (!predicates && !stores) return this.#withColumns(means);
    return Promise.all([predicates, stores]).then(() => this.#withColumns(means));
  }

  #withColumns(means: SqlStatement): SqlStatement {
    const { catalogue, gate } = this.exchange.services;
    const predicates = gate.wantsPredicates ? predicatesOf(means, catalogue) : undefined;
    const stores = gate.wantsStores ? storesOf(means, catalogue) : undefined;
    this.#judged ??= new WeakMap();
    const known = this.#judged.get(means);
    if (known && isSame(known.predicates, predicates) && isSame(known.stores, stores)) return known;
    const judged = {
      ...means,
      ...(predicates === undefined ? {} : { predicates }),
      ...(stores === undefined ? {} : { stores }),
    };
    this.#judged.set(means, judged);
    return judged;
  }

  /** A fast-path function call; undefined as above. */
  call(cursor: Cursor, oid: number): SqlStatement | undefined {
    const { exchange } = this;
    const told = this.#toldCall;
    this.#toldCall = undefined;
    const does = told?.oid === oid ? told.does : exchange.services.meanings.call(oid);
    if (!(does instanceof Promise)) return functionCallStatement(oid, does);
    exchange.stall(cursor, "catalogue");
    does.then((answer) => {
      this.#toldCall = { oid, does: answer };
      exchange.go("catalogue");
    });
    return undefined;
  }

  /**
   * A statement that was prepared before a change of search_path finds other tables after it, and what it runs may have
   * changed too. undefined as above.
   */
  upToDate(cursor: Cursor, definition: Definition): Definition | undefined {
    if (definition.deny) return definition;
    const { settings } = this.exchange;
    const { names } = settings;
    if (definition.settings.names !== names) {
      const now = nextSettings(definition.settings, { names, standardStrings: true, utf8: true });
      const read = this.read(cursor, definition.source.text, now);
      if (read === undefined) return undefined;
      definition.source = typedStatement(read, definition.types);
      definition.settings = now;
    }
    if (!this.#asked(cursor, definition)) return undefined;
    if (definition.changed) definition.renew(runs(definition, definition));
    return definition;
  }

  /** The same for what was bound before. */
  current(cursor: Cursor, portal: Portal): Portal | undefined {
    if (!this.#asked(cursor, portal)) return undefined;
    if (portal.changed) portal.renew(runs(portal, portal.definition));
    return portal;
  }

  #asked(cursor: Cursor, of: Definition | Portal): boolean {
    const means = this.of(cursor, of.source);
    if (means === undefined) return false;
    of.changed = means !== of.means;
    of.means = means;
    return true;
  }
}

/** All of its text, or what a PREPARE in it gave the name to. */
function runs({ means }: Definition | Portal, { viaSql, name }: Definition): SqlStatement {
  if (means === undefined) return unknownStatement;
  if (!viaSql) return means;
  return { ...preparedIn(means, name), ...columnsOf(means) };
}

/** What is known of the columns that it asks, and of those that it fills. */
function columnsOf({ predicates, stores }: SqlStatement): Pick<SqlStatement, "predicates" | "stores"> {
  return {
    ...(predicates === undefined ? {} : { predicates }),
    ...(stores === undefined ? {} : { stores }),
  };
}

/** Of most statements it is the same list of nothing, for each of its messages: nothing is written out for that. */
function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
