import type { Examination, Finding, Permit } from "../../../core/plugin.ts";
import type { PostgresConfig } from "../config.ts";
import { Control, type Question, type Row } from "../control.ts";
import { type DialedState, dialControl } from "../dial.ts";
import type { Asked } from "./asked.ts";
import { whoseBackend } from "./backends.ts";
import { type Definitions, definitionQuestions, definitionsIn } from "./definitions.ts";
import { estimates } from "./estimate.ts";
import { keyLocks } from "./foreign-keys.ts";
import { holderFindings, holdersQuestion } from "./holders.ts";
import { literalFinding } from "./literals.ts";
import { lockFinding, locksOn, neededLocks, type RelationLock } from "./locks.ts";
import { mostNames, namesIn } from "./names.ts";
import { functionFinding, missingFindings, relationFinding, transactionFinding } from "./told.ts";
import { treesOf } from "./trees.ts";
import { triggerFindings } from "./triggers.ts";

export type { Asked, AskedStatement, OpenTransaction } from "./asked.ts";
export { served, serving } from "./backends.ts";

/** The session whose operation is examined, as its resource knows it. */
export interface ExaminedSession {
  readonly config: PostgresConfig;
  readonly dialed: Pick<DialedState, "target" | "key" | "parameters">;
  /** `Link.controlPermit`. */
  permit(purpose: string): Permit<PostgresConfig>;
}

/** The examinations' own connections to a resource. */
interface Controls {
  readonly facts: Control;
  /** Only for plans: what an approval binds to is asked for again in time, however long others' statements take to plan. */
  readonly plans: Control;
}

/** Neither is the catalogue's, which relays wait for. */
const controls = new WeakMap<PostgresConfig, Controls>();

/** Milliseconds; longer than what any of its questions may take on the server. */
const timeout = 6_000;

/** No session of this resource is left. */
export function closeExaminations(config: PostgresConfig): void {
  const { facts, plans } = controls.get(config) ?? {};
  void facts?.close();
  void plans?.close();
}

export function examination(session: ExaminedSession, asked: Asked): Examination {
  return new OperationExamination(session, asked);
}

class OperationExamination implements Examination {
  /** What `examine` has asked for and `meaning`, which is called right behind it, shares: both are of one moment. */
  #shared: Promise<Definitions> | undefined;

  constructor(
    readonly session: ExaminedSession,
    readonly asked: Asked,
  ) {}

  async examine(tell: (finding: Finding) => void, signal: AbortSignal): Promise<void> {
    const { transaction } = this.asked;
    this.#shared = this.#definitions(signal);
    if (transaction) tell(transactionFinding(transaction));
    const literals = literalFinding((setting) => this.#told(setting));
    if (literals) tell(literals);
    const definitions = await this.#shared;
    const names = this.#names().length;
    if (names > mostNames) {
      const value = `only ${mostNames} of the ${names} names in it were looked up`;
      tell({ label: "examination", value, severity: "warning" });
    }
    const locks = this.#describe(definitions, tell);
    const { statements, settings } = this.asked;
    if (locks.length > 0 && (await this.#holders(locks, tell, signal))) {
      tell({
        label: "row estimate",
        value: "no estimate: planning would wait for a lock that somebody holds",
      });
      return;
    }
    const named = definitions.relations.filter((relation) => relation.named);
    await estimates(statements, settings, named, (questions) => this.#ask(questions, signal, "plans"), tell);
  }

  async meaning(signal: AbortSignal): Promise<string> {
    const definitions = this.#shared ?? this.#definitions(signal);
    this.#shared = undefined;
    return (await definitions).fingerprint;
  }

  /** What is known without the session's neighbours; the locks that are needed. */
  #describe({ relations, functions, eventTriggers }: Definitions, tell: (finding: Finding) => void) {
    const { statements, settings } = this.asked;
    const locks = new Map<string, RelationLock>();
    const told = new Set<string>();
    const once = (finding: Finding) => {
      const key = `${finding.label} ${finding.value}`;
      if (!told.has(key)) tell(finding);
      told.add(key);
    };
    for (const relation of relations) once(relationFinding(relation));
    for (const statement of new Set(statements.map((one) => one.statement))) {
      for (const finding of missingFindings(statement.actions, relations, functions)) once(finding);
      const trees = treesOf(statement.text);
      for (const finding of triggerFindings(relations, statement.actions, trees)) once(finding);
      const own = locksOn(neededLocks(statement, settings), relations);
      for (const lock of [...own, ...keyLocks(relations, statement.actions, trees)]) {
        locks.set(`${lock.relation.oid} ${lock.mode}`, lock);
      }
    }
    for (const called of functions) once(functionFinding(called));
    for (const value of eventTriggers) once({ label: "event trigger", value, severity: "warning" });
    const needed = [...locks.values()];
    for (const lock of needed) once(lockFinding(lock));
    return needed;
  }

  /** True where somebody holds, or waits for, a lock that is in the way of one of these. */
  async #holders(
    locks: readonly RelationLock[],
    tell: (finding: Finding) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { target, key } = this.session.dialed;
    const [rows = []] = await this.#ask([holdersQuestion(locks, key?.processId ?? 0)], signal);
    for (const finding of holderFindings(rows, (backend) => whoseBackend(target, backend))) tell(finding);
    return rows.length > 0;
  }

  async #definitions(signal: AbortSignal): Promise<Definitions> {
    const defines = this.#actions().some(({ effect }) => effect === "define" || effect === "grant");
    const names = this.#names().slice(0, mostNames);
    return definitionsIn(await this.#ask(definitionQuestions(names, defines), signal));
  }

  #told(setting: string): string | undefined {
    return this.asked.parameters.get(setting) ?? this.session.dialed.parameters.get(setting);
  }

  #names() {
    return namesIn(this.#actions());
  }

  #actions() {
    return this.asked.statements.flatMap(({ statement }) => statement.actions);
  }

  #ask(questions: readonly Question[], signal: AbortSignal, on: keyof Controls = "facts"): Promise<Row[][]> {
    const { config, permit } = this.session;
    let own = controls.get(config);
    if (own === undefined) {
      const options = { timeout, again: true };
      own = { facts: new Control(options), plans: new Control(options) };
      controls.set(config, own);
    }
    return own[on].group(async () => await dialControl(permit("examination")), questions, signal);
  }
}
