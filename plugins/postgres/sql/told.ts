import type { TableFacts } from "../catalogue.ts";
import { type Shape, type SqlStatement, statementOf } from "./classify.ts";
import type { Conditions } from "./conditions.ts";
import type { CopiedOut } from "./copy.ts";
import type { Flaw } from "./flaw.ts";
import type { Lineage } from "./lineage.ts";
import type { Mentions } from "./mentions.ts";
import type { Output } from "./output.ts";
import type { Tables } from "./outputs.ts";
import type { Refs } from "./refs.ts";
import type { Store } from "./stored.ts";

/** Of a text with more statements than this the columns are not told. */
const mostStatements = 1_000;

/** What is known of a text, as it goes from one thread to another: without the functions of a Shape. */
export interface Told
  extends Omit<Shape, "copies" | "lineage" | "names" | "follow" | "read" | "parameterTypes" | "copyBoth"> {
  readonly copies?: readonly (CopiedOut | undefined)[];
  readonly lineages?: readonly ToldLineage[];
  readonly flaw?: Flaw;
}

export interface ToldLineage extends Omit<Lineage, "targets" | "outputs" | "stores"> {
  /** It puts values into columns. */
  readonly storing: boolean;
}

/** The columns of a text's only statement, under what the names of its relations mean. */
export interface Followed {
  readonly outputs: readonly Output[] | undefined;
  readonly stores: readonly Store[] | undefined;
}

/** Asks the thread; undefined: it has no answer. Never rejects. */
export type Follow = (tables: ReadonlyMap<string, readonly TableFacts[]>) => Promise<Followed | undefined>;

export function toTold(statement: SqlStatement): Told {
  const { actions, statements, uses, mentions, changes, transaction, resets } = statement.detail;
  const { copyIn, copyOut, copies, lineage } = statement.detail;
  const lineages = statements <= mostStatements ? lineage() : undefined;
  const flaw = statement.flaw?.();
  return {
    ...{ actions, statements, uses, mentions: plainMentions(mentions) },
    ...(changes === undefined ? {} : { changes }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(resets ? { resets } : {}),
    ...(copyIn ? { copyIn } : {}),
    ...(copyOut ? { copyOut } : {}),
    ...(copies && statements === 1 ? { copies: copies() } : {}),
    ...(lineages === undefined ? {} : { lineages: lineages.map(plainLineage) }),
    ...(flaw === undefined ? {} : { flaw }),
  };
}

/** A text's only statement under these facts. */
export function followed([lineage]: readonly Lineage[], tables: Tables): Followed {
  return { outputs: lineage?.outputs(tables), stores: lineage?.stores?.(tables) };
}

export function fromTold(text: string, told: Told, follow: Follow): SqlStatement {
  const { copies, lineages, flaw, ...shape } = told;
  const columns = new FollowedColumns(lineages?.length === 1 ? lineages[0] : undefined, follow);
  const full = lineages?.map((lineage) => columns.of(lineage));
  const detail: Shape = {
    ...shape,
    ...(copies === undefined ? {} : { copies: () => copies.map(withBuffers) }),
    lineage: () => full,
    names: lineages === undefined ? 0 : lineages.reduce((sum, lineage) => sum + namesIn(lineage), 0),
    follow: (tables) => columns.load(tables),
  };
  return statementOf(text, detail, () => flaw);
}

/** A chain of ANDs or many statements have as many as a list, without its signs. A set counts as some names. */
function namesIn(lineage: ToldLineage): number {
  const { all, mentioned, relations, aliases, queries, rows, conditions } = lineage;
  const { columns, given, unnamed, called } = conditions;
  let count = 12 + relations.length + columns.length;
  for (const refs of [all, mentioned, unnamed, ...given.values()]) {
    count += 4 + refs.names.size + refs.attributes.size;
  }
  for (const { size } of [aliases, queries, rows, called, conditions.relations]) count += size;
  return count;
}

/** What the thread said of a statement's columns, for as long as the catalogue says the same of its relations. */
class FollowedColumns {
  #last: { readonly facts: readonly unknown[]; readonly followed: Followed } | undefined;

  constructor(
    readonly only: ToldLineage | undefined,
    readonly follow: Follow,
  ) {}

  of({ storing, ...lineage }: ToldLineage): Lineage {
    return {
      ...lineage,
      outputs: (tables) => this.#under(tables)?.outputs,
      // In doubt any column gets what any that it names has.
      ...(storing
        ? { stores: (tables) => this.#under(tables)?.stores ?? [{ into: [], from: undefined }] }
        : {}),
    };
  }

  load(tables: Tables): Promise<void> | undefined {
    const { only } = this;
    if (only === undefined || this.#under(tables) !== undefined) return undefined;
    const facts = factsOf(only, tables);
    const known = only.relations.flatMap((name) => {
      const found = tables(name);
      return found === undefined ? [] : ([[name, found]] as const);
    });
    return this.follow(new Map(known)).then((followed) => {
      this.#last = { facts, followed: followed ?? { outputs: undefined, stores: undefined } };
    });
  }

  #under(tables: Tables): Followed | undefined {
    const { only } = this;
    if (this.#last === undefined || only === undefined) return undefined;
    const { facts, followed } = this.#last;
    const now = factsOf(only, tables);
    return now.length === facts.length && now.every((each, at) => each === facts[at]) ? followed : undefined;
  }
}

/** What decides a statement's columns besides its text. */
function factsOf({ relations }: Pick<Lineage, "relations">, tables: Tables): readonly unknown[] {
  return relations.flatMap((name): readonly unknown[] => ["", ...(tables(name) ?? [undefined])]);
}

function plainMentions(mentions: Mentions): Mentions {
  const { relations, calls, attributes, operators, types } = mentions;
  const { full, any, defaults, anySchema, rows, results, wholes } = mentions;
  return {
    ...{ relations, calls, attributes, operators, types },
    ...{ full, any, defaults, anySchema, rows, results, wholes },
  };
}

function plainLineage(lineage: Lineage): ToldLineage {
  const { all, relations, aliases, queries, rows, stores, mentioned, valueless, conditions } = lineage;
  return {
    ...{ relations, aliases, queries, rows, valueless, storing: stores !== undefined },
    ...{ all: plainRefs(all), mentioned: plainRefs(mentioned), conditions: plainConditions(conditions) },
  };
}

function plainConditions(conditions: Conditions): Conditions {
  const given = new Map([...conditions.given].map(([name, refs]) => [name, plainRefs(refs)]));
  return { ...conditions, given, unnamed: plainRefs(conditions.unnamed) };
}

function plainRefs({ opaque, wholes, names, attributes }: Refs): Refs {
  return { opaque, wholes, names, attributes };
}

/** A Buffer arrives as a Uint8Array. */
function withBuffers(copied: CopiedOut | undefined): CopiedOut | undefined {
  const format = copied?.format;
  if (copied === undefined || format === undefined || !("nullMarker" in format)) return copied;
  return { ...copied, format: { ...format, nullMarker: Buffer.from(format.nullMarker) } };
}
