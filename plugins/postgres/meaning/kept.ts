import type { AskAll } from "../catalogue/cache.ts";
import { isLocked, type Question, type Row } from "../control.ts";
import { Body } from "./body.ts";
import { Follower } from "./follow.ts";
import { Own } from "./own.ts";
import { bodiesQuery, readingsQuery, relationsQuery, typesQuery } from "./queries.ts";
import { type Reading, reading } from "./readings.ts";
import { meantBy, nameIn, type RelationFacts, relationFacts } from "./relations.ts";
import { type Moment, Shelf } from "./shelf.ts";
import { references, type TypeFacts, type TypesCalled, typeFacts, typesCalled } from "./types.ts";
import { type Missing, retryAfter } from "./view.ts";

/** Relations, and names of types, that are kept. */
const mostRelations = 5_000;
const mostTypes = 20_000;
/** How many relations one question asks for. */
const atOnce = 250;
/** Bodies of functions that are kept, in characters. */
const mostCharacters = 16 << 20;

const never: Moment = { clock: -1, at: Number.NEGATIVE_INFINITY };

interface KeptBody {
  readonly moment: Moment;
  readonly xmin: string;
  /** null: nobody can read it. */
  readonly body: Body | null;
  /** It is what it is as long as its function's row is; else what it names may be called otherwise. */
  readonly settled: boolean;
  /** Only because somebody has locked a table in it. */
  readonly locked: boolean;
}

/** What is known of one resource, and how more of it is asked for. `print`: tells whether it has changed. */
export class Kept {
  readonly own = new Own();
  /** When `own` was asked for last; while it is being changed, never. */
  asked: Moment = never;
  readonly relations = new Shelf<
    string,
    { readonly print: string; readonly facts: readonly RelationFacts[] }
  >(mostRelations);
  readonly names = new Shelf<string, { readonly print: string; readonly called: TypesCalled }>(mostTypes);
  readonly types = new Shelf<number, { readonly print: string; readonly facts: TypeFacts | undefined }>(
    mostTypes,
  );
  readonly readingNames = new Shelf<string, { readonly facts: readonly Reading[] }>(mostTypes);
  readonly readings = new Shelf<number, { readonly facts: readonly Reading[] }>(mostTypes);
  readonly bodies = new Map<number, KeptBody>();
  #characters = 0;
  readonly #follower: Follower;
  /** Relations that could not be written out, for somebody has locked what is under them. */
  readonly #locked = new Map<string, { readonly until: number; readonly error: unknown }>();

  constructor(
    login: boolean,
    readonly now: () => number,
  ) {
    this.#follower = new Follower(this.own, login);
  }

  /** What has changed of `own`, and what is missing. Throws what `ask` throws, or where there are more things than are kept. */
  async follow(missing: Missing, clock: number, ask: AskAll): Promise<void> {
    const moment = { clock, at: this.now() };
    const question = this.#follower.question();
    const questions = questionsOf(missing);
    let locked = false;
    const [changes = [], ...answers] = await ask([question, ...questions.map(([, each]) => each)]).catch(
      async (error: unknown) => {
        locked = isLocked(error);
        if (!locked) throw error;
        return await ask([question]);
      },
    );
    this.asked = never;
    await this.#follower.told(changes, ask);
    this.asked = moment;
    if (locked) await this.load(missing, clock, ask);
    else this.#keep(missing, answered(questions, answers), moment);
  }

  /** Throws what `ask` throws, of a relation that somebody has locked at once for a while. */
  async load(missing: Missing, clock: number, ask: AskAll): Promise<void> {
    if (missing.size === 0) return;
    const moment = { clock, at: this.now() };
    for (const key of missing.relations) {
      const locked = this.#locked.get(key);
      if (locked !== undefined && moment.at < locked.until) throw locked.error;
    }
    try {
      const questions = questionsOf(missing);
      const answers = await ask(questions.map(([, each]) => each));
      this.#keep(missing, answered(questions, answers), moment);
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (missing.size === 1) this.#keepLocked(missing, error, moment);
      else for (const part of missing.parts()) await this.load(part, clock, ask);
    }
  }

  #keepLocked({ relations, bodies }: Missing, error: unknown, moment: Moment): void {
    const [oid] = bodies;
    if (oid !== undefined) {
      this.#keepBody(oid, { moment, xmin: "", body: null, settled: true, locked: true });
      return;
    }
    const [key = ""] = relations;
    if (this.#locked.size >= mostRelations) this.#locked.clear();
    this.#locked.set(key, { until: this.now() + retryAfter, error });
    throw error;
  }

  #keep(missing: Missing, { relations, types, readings, bodies }: Answers, moment: Moment): void {
    const named = Map.groupBy(relations, ([, name]) => name ?? "");
    for (const key of missing.relations) {
      const rows = (named.get(nameIn(key)) ?? []).filter(([schema]) => meantBy(key, schema ?? ""));
      const print = JSON.stringify(rows);
      const before = this.relations.get(key)?.value;
      const facts = before?.print === print ? before.facts : rows.map(relationFacts);
      this.relations.set(key, { print, facts }, moment);
    }
    this.#keepTypes(missing, types, moment);
    const read = readings.map(reading);
    const readNames = Map.groupBy(read, ({ name }) => name);
    for (const name of missing.readingNames)
      this.readingNames.set(name, { facts: readNames.get(name) ?? [] }, moment);
    const readOids = Map.groupBy(read, ({ oid }) => oid);
    for (const oid of missing.readings) this.readings.set(oid, { facts: readOids.get(oid) ?? [] }, moment);
    const found = new Map(bodies.map((row) => [Number(row[0]), row]));
    for (const oid of missing.bodies) {
      const [, xmin, text, parts, settled] = found.get(oid) ?? [];
      const body = text == null ? null : new Body(text, references(parts));
      this.#keepBody(oid, { moment, xmin: xmin ?? "", body, settled: settled === "true", locked: false });
    }
  }

  #keepTypes(missing: Missing, rows: readonly Row[], moment: Moment): void {
    const byName = Map.groupBy(rows, ([, , name]) => name ?? "");
    const byOid = new Map(rows.filter(([kind]) => kind === "type").map((row) => [Number(row[4]), row]));
    for (const name of missing.names) {
      const own = byName.get(name) ?? [];
      const print = JSON.stringify(own);
      const before = this.names.get(name)?.value;
      this.names.set(name, before?.print === print ? before : { print, called: typesCalled(own) }, moment);
    }
    for (const oid of missing.types) {
      const own = byOid.get(oid);
      const print = JSON.stringify(own ?? null);
      const before = this.types.get(oid)?.value;
      const facts = own && typeFacts(own);
      this.types.set(oid, before?.print === print ? before : { print, facts }, moment);
    }
  }

  #keepBody(oid: number, kept: KeptBody): void {
    const length = ({ body }: KeptBody) => body?.text.length ?? 0;
    const before = this.bodies.get(oid);
    if (before) this.#characters -= length(before);
    if (this.#characters + length(kept) > mostCharacters || this.bodies.size >= mostTypes) {
      // What is still needed is asked again.
      this.bodies.clear();
      this.#characters = 0;
    }
    this.bodies.set(oid, kept);
    this.#characters += length(kept);
  }
}

type Asked = keyof Answers;
interface Answers {
  readonly relations: Row[];
  readonly types: Row[];
  readonly readings: Row[];
  readonly bodies: Row[];
}

/** Nothing is asked for nothing; a question about very many relations would take too long. */
function questionsOf(missing: Missing): [Asked, Question][] {
  const { relations, names, types, readingNames, readings, bodies } = missing;
  const list = (some: Iterable<unknown>) => JSON.stringify([...some].map(String));
  const keys = [...relations];
  const questions: [Asked, Question][] = [];
  for (let at = 0; at < keys.length; at += atOnce) {
    const parameters = [`[${keys.slice(at, at + atOnce).join()}]`];
    questions.push(["relations", { text: relationsQuery, parameters }]);
  }
  if (names.size + types.size > 0)
    questions.push(["types", { text: typesQuery, parameters: [list(names), list(types)] }]);
  if (readingNames.size + readings.size > 0)
    questions.push(["readings", { text: readingsQuery, parameters: [list(readingNames), list(readings)] }]);
  if (bodies.size > 0) questions.push(["bodies", { text: bodiesQuery, parameters: [list(bodies)] }]);
  return questions;
}

function answered(questions: readonly [Asked, Question][], answers: readonly Row[][]): Answers {
  const of = (what: Asked) =>
    questions.flatMap(([asked], index) => (asked === what ? (answers[index] ?? []) : []));
  return { relations: of("relations"), types: of("types"), readings: of("readings"), bodies: of("bodies") };
}
