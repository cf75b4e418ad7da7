import type { Column, Pass, Plan, Reason } from "../../../core/plugin.ts";
import type { CopyOut } from "../copy/out.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { defaultSettings, type SessionSettings } from "../sql/settings.ts";
import type { Bound } from "./parameters.ts";
import type { RowPlan } from "./rows.ts";
import { readOf, unknownStatement } from "./statement.ts";

/** What becomes of the rows of one result; undefined: its columns are not known yet. */
export type Filter = RowPlan | "clear" | "withhold" | undefined;

/** What the server said of the columns of what a COPY is about to send. */
export interface Copied {
  readonly columns: readonly Column[];
  /** Those that COPY of a whole table leaves out, by index. */
  readonly generated: readonly boolean[];
}

/** A prepared statement as the server has it, or, with `deny`, the grave of one that never got there. */
export class Definition {
  /** Kept from the last look: another one after a reload. */
  plan: Plan | undefined;
  /** What its text was read under. */
  settings: SessionSettings = defaultSettings;
  /** Made by PREPARE: its text is that whole statement. */
  viaSql = false;
  /** What its text says alone: that is asked about again when the catalogue may have changed. */
  source: SqlStatement;
  /** What it meant when it was asked about last, and whether that was something else than before. */
  means: SqlStatement | undefined;
  changed = false;
  /** What its unnamed portals are, while nobody needs to tell one from another. */
  plain: Portal;

  constructor(
    readonly name: string,
    public statement: SqlStatement,
    /** Oids of the parameters' types as Parse gave them, then as the server described them; 0 or absent: not known. */
    public types: readonly number[],
    readonly deny: Reason | undefined,
  ) {
    this.source = readOf(statement);
    this.plain = new Portal("", this);
  }

  /** Of which text it is, and what that means now. */
  reads(source: SqlStatement, means: SqlStatement | undefined): void {
    this.source = source;
    this.means = means;
    this.plain = new Portal("", this);
  }

  /** The same text means something else now; portals bound before keep what it meant then. */
  renew(statement: SqlStatement): void {
    this.statement = statement;
    this.plan = undefined;
    this.plain = new Portal("", this);
  }
}

/** A statement with its parameters, ready to run. */
export class Portal {
  filter: Filter;
  copied: Copied | undefined;
  /** What becomes of the data of a COPY; undefined: there is none now. */
  copy: CopyOut | "clear" | undefined;
  /** A guardrail refused the result when it saw its columns. */
  refused: Reason | undefined;
  /** The operation that a suspended portal is in the middle of. */
  pass: Pass | undefined;
  /** The version of the policy that decided it. */
  policyVersion = "";
  /** What it runs; for a SQL EXECUTE as it was decided. */
  statement: SqlStatement;
  /** What its text says alone, as it was bound. */
  source: SqlStatement;
  /** What that meant when it was asked about last, and whether that was something else than before. */
  means: SqlStatement | undefined;
  changed = false;
  /** Rows sent so far. */
  rows = 0;
  /** Of the last Execute; 0: no limit. */
  limit = 0;

  constructor(
    readonly name: string,
    readonly definition: Definition,
    /** What it was bound with, where somebody reads that. */
    readonly bound?: Bound,
  ) {
    this.statement = definition.statement;
    this.source = definition.source;
    this.means = definition.means;
  }

  /** What it runs may do something else now. */
  renew(statement: SqlStatement): void {
    this.statement = statement;
  }
}

/** What a name means that this session did not define. */
export const unknownDefinition: Definition = new Definition("", unknownStatement, [], undefined);

/** The results of one simple query. */
export class QueryRun {
  filter: Filter;
  copied: Copied | undefined;
  copy: CopyOut | "clear" | undefined;
  refused: Reason | undefined;
  /** Which of the text's statements answers now. */
  result = 0;
  /** Bytes of replicated data that went to the caller. */
  streamed = 0;
  constructor(readonly statement: SqlStatement) {}
}

/** What a Close names. */
export class Closing {
  constructor(
    readonly what: "statement" | "portal",
    readonly name: string,
  ) {}
}

/** A message that was denied and replaced. */
export class Refused {
  constructor(
    readonly deny: Reason,
    /** What was refused, where its text stood in that message. */
    readonly of?: SqlStatement,
  ) {}
}

/** What an owed answer is about. */
export type Subject = Definition | Portal | QueryRun | Closing | Refused;
