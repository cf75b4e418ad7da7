import type { Random } from "../../../../test/fuzz.ts";
import { frontend } from "../../wire/message.ts";
import { bind, close, describe, execute, flush, parse, query, sync } from "../../wire/query.ts";
import { message } from "../../wire/write.ts";

/** One message of a random session, and how it reads in a failure. */
export interface Step {
  readonly reads: string;
  readonly bytes: Uint8Array;
  /** The caller waits for all answers before it goes on. */
  readonly waits: boolean;
}

const names = ["", "", "a", "b"] as const;
const portals = ["", "", "p"] as const;

/** What a session is about: a group that is denied keeps nothing of what waited to be held in it. */
export type About = "denials" | "holds";

/** Statements over `plain`, there for all, and `secret` (denied, or not there) or `held` (asks a person). */
function text(random: Random, serial: number, about: About): string {
  const value = serial * 100 + random.upTo(50);
  const special = about === "holds" ? "held" : "secret";
  return random.of([
    `insert into plain values (${value})`,
    `insert into plain values (${value})`,
    "select n from plain",
    "select n from generate_series(1, 3) n",
    `insert into ${special} values (${value})`,
    `insert into ${special} values (${value}) returning n`,
    `select n from ${special}`,
    `delete from ${special}`,
    "select 1/0 as n",
    "begin",
    "commit",
    "rollback",
    "",
    "selec",
    "prepare a as select n from plain",
    `prepare b as insert into plain values (${value})`,
    "execute a",
    "execute b",
    "deallocate a",
    "deallocate all",
    "copy plain to stdout",
    "copy (select n, n + 1 from plain order by n) to stdout csv header",
    "copy (select n from generate_series(1, 3) n) to stdout (format binary)",
    `copy (insert into plain values (${value}) returning n) to stdout`,
    "copy nobody to stdout",
    "begin; copy plain to stdout; commit",
    "declare p cursor for select n from generate_series(1, 3) n",
    "savepoint s",
    "rollback to s",
  ]);
}

/** Some groups of messages, each ended by Sync, as no sane driver would send them. */
export function sequence(random: Random, about: About): Step[] {
  const steps: Step[] = [];
  const add = (reads: string, bytes: Uint8Array, waits = false) => steps.push({ reads, bytes, waits });
  for (let groups = 1 + random.upTo(5); groups > 0; groups--) {
    if (random.chance(35)) {
      // A server looks into PREPARE when it runs; in a Query that is as early as the gateway does.
      const early = about === "denials" && random.chance(5);
      const sql = early ? "prepare b as delete from secret" : text(random, steps.length, about);
      add(`Query(${sql})`, query(sql), random.chance(50));
      continue;
    }
    for (let messages = 1 + random.upTo(6); messages > 0; messages--) step(random, steps.length, about, add);
    add("Sync", sync, random.chance(50));
  }
  return steps;
}

function step(
  random: Random,
  serial: number,
  about: About,
  add: (reads: string, bytes: Uint8Array) => void,
): void {
  const portal = random.of(portals);
  const sql = text(random, serial, about);
  // EXECUTE can run a COPY that has a name; where rows are looked at, the gateway refuses that.
  const name = sql.startsWith("copy") ? "" : random.of(names);
  const rows = random.of([0, 0, 1]);
  switch (random.upTo(10)) {
    case 9: {
      const data = message(frontend.copyData, Buffer.from(`${serial * 100 + 99}\n`));
      const end = message(frontend.copyDone);
      // Under a name that nobody else runs: without its data it ends the session.
      const own = `copy${serial}`;
      const copy = [parse(own, "copy plain from stdin"), bind(portal, own), execute(portal)];
      add(`CopyIn(${portal})`, Buffer.concat([...copy, data, end]));
      break;
    }
    case 0:
    case 1:
    case 2:
      add(`Parse(${name}, ${sql})`, parse(name, sql));
      add(`Bind(${portal}, ${name})`, bind(portal, name));
      add(`Execute(${portal}, ${rows})`, execute(portal, rows));
      break;
    case 3:
      add(`Parse(${name}, ${sql})`, parse(name, sql));
      break;
    case 4:
      add(`Bind(${portal}, ${name})`, bind(portal, name));
      break;
    case 5:
      add(`Execute(${portal}, ${rows})`, execute(portal, rows));
      break;
    case 6:
      add(`Describe(${name})`, describe({ kind: "statement", name }));
      break;
    case 7:
      if (random.chance(50)) add(`Close(${name})`, close({ kind: "statement", name }));
      else add(`Close portal(${portal})`, close({ kind: "portal", name: portal }));
      break;
    default:
      if (random.chance(50)) add("Flush", flush);
      else add(`Describe portal(${portal})`, describe({ kind: "portal", name: portal }));
  }
}
