import type { Ask } from "../catalogue/cache.ts";
import { isLocked, type Row } from "../control.ts";
import { functionsQuery, mostThings, readingQuery, thingsQuery } from "./queries.ts";
import { type Named, type Reference, type SearchPath, Things, type TypeFacts } from "./things.ts";
import { type Marked, namedIn, namesAsBody, type Running, runningTypes, spread } from "./volatility.ts";

/** Bodies of functions that are kept, in characters: more are not looked through. */
const mostCharacters = 16 << 20;

/** What was read last, so that what has not changed is neither sent nor read again. */
export class ThingsLoader {
  #bodies = new Map<string, string | null>();
  #print = "";
  #things: Things | undefined;

  /** The same object where nothing has changed. Throws what `ask` throws, or where there are more things than are kept. */
  async load(ask: Ask, path: SearchPath): Promise<Things> {
    const known = JSON.stringify([...this.#bodies.keys()]);
    let locked = false;
    const functions = await ask(functionsQuery, [known, "true"]).catch((error: unknown) => {
      if (!isLocked(error)) throw error;
      locked = true;
      return ask(functionsQuery, [known, "false"]);
    });
    const things = await ask(thingsQuery, []);
    const print = String(Bun.hash(JSON.stringify([functions.map((row) => row.slice(1, 14)), things, path])));
    if (this.#things && print === this.#print) return this.#things;
    if (functions.length > mostThings || things.length > 4 * mostThings) {
      throw new Error(`The database has more than ${mostThings} functions, or other things, of its own.`);
    }
    this.#keepBodies(functions);
    const marked = functions.map((row) => this.#marked(row));
    const named = (kind: string) => things.filter((row) => row[0] === kind).flatMap(namedOf);
    const operators = named("operator");
    const types = new Map(things.filter((row) => row[0] === "type").map(typeOf));
    const relations = things.filter((row) => row[0] === "relation");
    const read = await running(
      namedIn(marked, relations, ([, , name]) => name ?? ""),
      ask,
    );
    spread(
      marked,
      operators.map(({ name, function: { oid } }) => ({ name, oid })),
      [...runningTypes(types, named("cast")), ...read],
    );
    const all = (kind: string) =>
      things.filter((row) => row[0] === kind).flatMap((row) => references(row[3]));
    const unwritten = { anywhere: all("anywhere"), assigned: all("assigned") };
    this.#things = new Things(marked, operators, named("cast"), types, unwritten, path);
    // What counts as volatile only while its tables are locked is asked for again.
    this.#print = locked ? "" : print;
    for (const [key, body] of this.#bodies) if (locked && body === null) this.#bodies.delete(key);
    return this.#things;
  }

  #keepBodies(rows: readonly Row[]): void {
    const bodies = new Map<string, string | null>();
    let characters = 0;
    for (const row of rows) {
      const [key, body] = [row[1] ?? "", row[14]];
      if (row[5] === "v" || row[7] === "c" || row[7] === "internal") continue;
      const kept = this.#bodies.get(key) ?? body?.toLowerCase() ?? null;
      characters += kept?.length ?? 0;
      bodies.set(key, characters > mostCharacters ? null : kept);
    }
    this.#bodies = bodies;
  }

  #marked(row: Row): Marked {
    const [
      oid,
      key = "",
      schema,
      name,
      ,
      volatility,
      supplied,
      language,
      trusted,
      given,
      defaults,
      variadic,
    ] = row;
    const compiled = language === "c" || language === "internal";
    const body = this.#bodies.get(key ?? "");
    const types = row[16] == null ? "" : namesAsBody(JSON.parse(row[16]) as string[]);
    const readable = compiled || (trusted === "t" && typeof body === "string");
    return {
      oid: Number(oid),
      schema: schema ?? "",
      name: name ?? "",
      volatile: (volatility === "v" && row[4] !== "a") || !readable,
      supplied: compiled || supplied === "t",
      least: Number(given) - Number(defaults) - (variadic === "t" ? 1 : 0),
      most: variadic === "t" ? Number.POSITIVE_INFINITY : Number(given),
      ofRow: row[12] === "t",
      shadowed: row[15] === "t",
      parts: references(row[13]),
      ...(typeof body === "string" || types !== "" ? { body: `${body ?? ""} ${types}` } : {}),
    };
  }
}

/** What is run by who reads these relations, and those that they read in turn. */
async function running(relations: readonly Row[], ask: Ask): Promise<Running[]> {
  if (relations.length === 0) return [];
  const rows = await ask(readingQuery, [JSON.stringify(relations.map((row) => row[4]))]);
  return rows.map(([name, functions, names]) => ({
    names: [name ?? ""],
    parts: references(functions),
    body: names == null ? "" : namesAsBody(JSON.parse(names) as string[]),
  }));
}

function references(json: string | null | undefined): Reference[] {
  const list = json == null ? [] : (JSON.parse(json) as [number, string, string][]);
  return list.map(([oid, schema, name]) => ({ oid, schema, name }));
}

function namedOf([, schema, name, functions]: Row): Named[] {
  return references(functions).map((one) => ({ schema: schema ?? "", name: name ?? "", function: one }));
}

function typeOf([, schema, name, functions, oid, parts, checks, casts, byDefault, ofTable]: Row): readonly [
  number,
  TypeFacts,
] {
  return [
    Number(oid),
    {
      schema: schema ?? "",
      name: name ?? "",
      functions: references(functions),
      parts: parts == null ? [] : (JSON.parse(parts) as number[]),
      checks: checks == null ? [] : (JSON.parse(checks) as string[]),
      casts: references(casts),
      ofTable: ofTable === "true",
      ...(byDefault == null ? {} : { byDefault }),
    },
  ];
}
