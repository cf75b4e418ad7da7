import { mutated, type Random } from "../../../../test/fuzz.ts";
import { frontend } from "../../wire/message.ts";
import { bind, close, describe, execute, flush, parse, query, sync } from "../../wire/query.ts";
import { cstring, int16, int32, message } from "../../wire/write.ts";

/** What a session asks for: over `customers`, whose email and card are masked, and `orders`, which it may write. */
const texts = [
  "select id, email, card from customers order by id",
  "select * from customers",
  "select upper(email) || card, c from customers c",
  "select row_to_json(c) from customers c",
  "select email::int from customers",
  "select id / (id - id) from customers where email is not null",
  "with x as (select email e from customers) select e, count(*) from x group by e union select card, 1 from customers",
  "select n from generate_series(1, 50) n",
  "declare c cursor for select email, card from customers",
  "fetch 2 from c",
  "move 1 in c",
  "close c",
  "prepare q as select email from customers",
  "execute q",
  "deallocate all",
  "begin",
  "commit",
  "rollback",
  "savepoint s",
  "rollback to s",
  "explain (analyze, verbose) select email from customers where email > 'a'",
  "set search_path = public, pg_temp",
  "set extra_float_digits = 2",
  "show search_path",
  "insert into orders values (1, 'x') on conflict do nothing returning id",
  "delete from orders",
  "update customers set city = 'x' where id = 1 returning email",
  "drop table customers",
  "listen c",
  "notify c, 'told'",
  "selec",
  "",
  "select 1; select email from customers; select 2",
  "begin; copy customers to stdout; commit",
] as const;

const copiesOut = [
  "copy customers to stdout",
  "copy customers (card, id) to stdout (format csv, header)",
  "copy (select email, id from customers) to stdout (format binary)",
  "copy (select c from customers c) to stdout csv quote '$'",
  "copy nobody to stdout",
  "copy customers to stdout (encoding 'SJIS')",
] as const;

const copiesIn = [
  "copy orders from stdin",
  "copy orders from stdin (format csv)",
  "copy customers from stdin",
] as const;

const names = ["", "", "a", "b"] as const;

/** The messages of one session as a driver might send them, in an order that the protocol allows. */
export function session(random: Random): Buffer[] {
  const messages: Buffer[] = [];
  for (let turns = 1 + random.upTo(6); turns > 0; turns--) {
    const turn = random.upTo(10);
    if (turn < 3) messages.push(query(random.of(texts)));
    else if (turn < 5) messages.push(query(random.of(copiesOut)));
    else if (turn < 6) messages.push(query(random.of(copiesIn)), ...copyData(random));
    else group(random, messages);
  }
  return messages;
}

/** Some statements of the extended protocol, up to Sync. */
function group(random: Random, messages: Buffer[]): void {
  for (let statements = 1 + random.upTo(3); statements > 0; statements--) {
    const name = random.of(names);
    const portal = random.of(names);
    const copies = random.upTo(10);
    const text = copies === 0 ? random.of(copiesIn) : copies < 3 ? random.of(copiesOut) : random.of(texts);
    if (random.chance(85))
      messages.push(parse(name, random.chance(20) ? "select email from customers where id = $1" : text));
    if (random.chance(20)) messages.push(describe({ kind: "statement", name }));
    const parameters = random.chance(20)
      ? [random.of<string | null | Buffer>(["1", null, Buffer.of(0, 0, 0, 1)])]
      : [];
    messages.push(bind(portal, name, parameters, random.chance(40) ? ["binary"] : []));
    if (random.chance(40)) messages.push(describe({ kind: "portal", name: portal }));
    messages.push(execute(portal, random.of([0, 0, 1, 2])));
    if (copies === 0) messages.push(...copyData(random));
    if (random.chance(10)) messages.push(execute(portal, 0));
    if (random.chance(15)) messages.push(Buffer.from(flush));
    if (random.chance(15)) messages.push(close({ kind: random.of(["statement", "portal"]), name }));
    if (random.chance(5))
      messages.push(message(frontend.functionCall, int32(870), int16(0), int16(0), int16(0)));
  }
  messages.push(Buffer.from(sync));
}

function copyData(random: Random): Buffer[] {
  const rows = Array.from({ length: random.upTo(4) }, (_, row) =>
    message(frontend.copyData, Buffer.from(random.chance(80) ? `${row + 10}\tnote\n` : "no row")),
  );
  const end = random.chance(80) ? message(frontend.copyDone) : message(frontend.copyFail, cstring("enough"));
  return [...rows, end];
}

/** The same session as no driver sends it: messages lost, doubled, out of order, and bytes that are not theirs. */
export function mistreated(random: Random, messages: readonly Buffer[]): Buffer[] {
  const now = [...messages];
  for (let times = 1 + random.upTo(4); times > 0 && now.length > 0; times--) {
    const at = random.upTo(now.length);
    const one = now[at] as Buffer;
    switch (random.upTo(7)) {
      case 0:
        now.splice(at, 1);
        break;
      case 1:
        now.splice(at, 0, one);
        break;
      case 2:
        now.push(...now.splice(at, 1));
        break;
      case 3:
        now.splice(at, 0, message(random.of(types), random.bytes(random.upTo(20))));
        break;
      case 4:
        // The length stays right, so that what comes behind it is still read as messages.
        now[at] = message(one[0] as number, mutated(random, one.subarray(5)));
        break;
      default:
        now[at] = mutated(random, one);
    }
  }
  return now;
}

const types = Object.values(frontend) as [number, ...number[]];
