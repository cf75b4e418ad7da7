import type { Action, Cursor } from "../../../core/plugin.ts";
import type { NameUse, Shape, SqlStatement } from "../sql/index.ts";
import { identifier } from "../sql/names.ts";
import { nextSettings, type SessionSettings } from "../sql/settings.ts";
import type { Exchange } from "./exchange.ts";
import { nameKey } from "./name.ts";
import { Definition } from "./named.ts";
import { plainStatement, readOf, unknownStatement } from "./statement.ts";

/** EXECUTE of an EXECUTE of an EXECUTE. */
const deepest = 4;

type Several<Each> = readonly Each[] | "unknown" | undefined;

function together<Each>(some: Several<Each>, others: Several<Each>): Several<Each> {
  if (some === "unknown" || others === "unknown") return "unknown";
  return some && others ? [...some, ...others] : (some ?? others);
}

/** What a text comes to with all that it runs by name. */
class Resolution {
  readonly actions: Action[] = [];
  readonly uses: NameUse[] = [];
  readonly shown: string[] = [];
  readonly prepared = new Map<string, readonly Action[]>();
  readonly cursors = new Map<string, readonly Action[]>();
  copyIn = false;
  copyOut = false;
  changes: SessionSettings | undefined;
  predicates: SqlStatement["predicates"];
  stores: SqlStatement["stores"];
  /** The direction waits for the catalogue. */
  waits = false;
}

/**
 * SQL's own way to names: PREPARE, EXECUTE and DEALLOCATE share theirs with Parse and Bind, DECLARE and
 * FETCH with portals.
 */
export class SqlNames {
  /** What a cursor of SQL reads. */
  readonly #cursors = new Map<string, readonly Action[]>();

  constructor(readonly exchange: Exchange) {}

  /**
   * The statement with the actions of whatever it runs by name. Only when nothing is owed, so that
   * every name is sure; what cannot be told is `unknown`. undefined: the direction waits for the catalogue.
   */
  resolve(cursor: Cursor, statement: SqlStatement): SqlStatement | undefined {
    const found = new Resolution();
    this.#follow(cursor, statement, found, deepest);
    if (found.waits) return undefined;
    if (found.changes && statement.detail.statements > 1) found.actions.push(...unknownStatement.actions);
    const { actions, uses, copyIn, copyOut, changes } = found;
    const text = [statement.text, ...found.shown].join("\n");
    const detail: Shape = {
      ...statement.detail,
      read: statement,
      actions,
      uses,
      ...(copyIn ? { copyIn } : {}),
      ...(copyOut ? { copyOut } : {}),
      ...(changes === undefined ? {} : { changes }),
    };
    const { predicates, stores } = found;
    const unclear = unknownStatement.actions.some((one) => actions.includes(one))
      ? unknownStatement.unclear
      : statement.unclear;
    return {
      ...{ text, actions, detail },
      ...(unclear === undefined ? {} : { unclear }),
      ...(predicates === undefined ? {} : { predicates }),
      ...(stores === undefined ? {} : { stores }),
    };
  }

  /** A statement of the protocol that EXECUTE runs may be any: SET, PREPARE, another EXECUTE. */
  #follow(cursor: Cursor, statement: SqlStatement, found: Resolution, depth: number): void {
    const { detail } = statement;
    const placeholders = new Set<string>();
    found.predicates = together(found.predicates, statement.predicates);
    found.stores = together(found.stores, statement.stores);
    found.copyIn ||= detail.copyIn === true;
    found.copyOut ||= detail.copyOut === true;
    if (detail.changes) found.changes = nextSettings(found.changes ?? detail.changes, detail.changes);
    for (const use of detail.uses) {
      const { verb, name = "", actions = [] } = use;
      found.uses.push(use);
      if (verb === "prepare") found.prepared.set(name, actions);
      if (verb === "declare") found.cursors.set(name, actions);
      if (verb === "fetch") {
        placeholders.add(`read cursor ${identifier(name)}`);
        found.actions.push(...(found.cursors.get(name) ?? this.#cursor(name) ?? unknownStatement.actions));
      }
      if (verb !== "execute") continue;
      placeholders.add(`unknown prepared ${identifier(name)}`);
      const own = found.prepared.get(name);
      const prepared = own ? undefined : this.#prepared(name);
      const definition = prepared && this.exchange.meant.upToDate(cursor, prepared);
      found.waits ||= prepared !== undefined && definition === undefined;
      if (found.waits) return;
      if (own) found.actions.push(...own);
      else if (definition === undefined || depth === 0) found.actions.push(...unknownStatement.actions);
      else {
        found.shown.push(`-- ${name}: ${definition.statement.text}`);
        this.#follow(cursor, definition.statement, found, depth - 1);
      }
    }
    const rest = statement.actions.filter(({ effect, on }) => !placeholders.has(`${effect} ${on}`));
    found.actions.unshift(...rest);
  }

  /** The statement has run, as a whole or (several in one text, with an error among them) in part. */
  done(statement: SqlStatement, wholly: boolean): void {
    const { statements, portals } = this.exchange;
    const made = new Map<string, Action[]>();
    for (const { verb, name, actions = [] } of statement.detail.uses) {
      const key = name === undefined ? undefined : nameKey(name);
      // One text that gives a name several meanings leaves it with all of them.
      const all = [...(made.get(`${verb} ${key}`) ?? []), ...actions];
      if (key !== undefined) made.set(`${verb} ${key}`, all);
      if (verb === "prepare" && key !== undefined)
        statements.set(key, this.#define(key, statement, wholly, all));
      if (verb === "deallocate") {
        if (key === undefined) statements.clear(false);
        else statements.set(key, undefined);
      }
      if (verb === "declare" && key !== undefined) this.#declare(key, wholly ? all : undefined);
      if (verb === "close") {
        if (key === undefined) {
          this.#cursors.clear();
          portals.clear(true);
        } else this.#declare(key, undefined);
      }
    }
  }

  #define(key: string, from: SqlStatement, wholly: boolean, actions: readonly Action[]): Definition {
    const statement = wholly ? plainStatement(from.text, actions) : unknownStatement;
    const definition = new Definition(key, statement, [], undefined);
    definition.settings = this.exchange.settings;
    definition.viaSql = wholly;
    if (wholly) definition.reads(readOf(from), undefined);
    return definition;
  }

  #declare(key: string, actions: readonly Action[] | undefined): void {
    this.exchange.portals.set(key, undefined);
    if (actions && this.#cursors.size < this.exchange.services.limits.statements) {
      this.#cursors.set(key, actions);
    } else this.#cursors.delete(key);
  }

  #prepared(name: string): Definition | undefined {
    const found = this.exchange.statements.find(nameKey(name), this.exchange.group);
    return found instanceof Definition && !found.deny ? found : undefined;
  }

  /** A portal of the protocol can be fetched from by name too, and it was not decided for that. */
  #cursor(name: string): readonly Action[] | undefined {
    const key = nameKey(name);
    const portal = this.exchange.portals.find(key, this.exchange.group);
    return portal === undefined ? this.#cursors.get(key) : undefined;
  }
}
