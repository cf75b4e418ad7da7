import { family, type Message } from "../attack.ts";

/** What a name means when it is used, in SQL and in the protocol, which share their names. */
const { attacks, refused, allowed } = family("names of statements and cursors", "read");
const write = "insert into notes values (1, 'x', 'y')";
const run = (name: string): Message[] => [{ bind: name }, { execute: "" }, { sync: true }];

refused("prepares an INSERT", `prepare p as ${write}`);
refused("prepares and executes it in one message", `prepare p as ${write}; execute p`);
refused("executes a name that nobody prepared here", "execute nobody");
refused("prepares a WITH that deletes", [
  "prepare p (int) as with d as (delete from orders where id = $1 returning 1) select * from d",
  "execute p (1)",
]);
refused("parses an INSERT by name", [{ parse: write, name: "s1" }, ...run("s1")]);
refused("takes the name of a read for a write, whose Parse fails", [
  { parse: "select 1", name: "s1" },
  { sync: true },
  { parse: write, name: "s1" },
  { sync: true },
  ...run("s1"),
]);
refused("drops a name by SQL and prepares a write under it", [
  { parse: "select 1", name: "s1" },
  { sync: true },
  "deallocate s1",
  `prepare s1 as ${write}`,
  ...run("s1"),
]);
refused("drops all names and prepares a write under an old one", [
  { parse: "select 1", name: "s1" },
  { sync: true },
  `deallocate all; prepare s1 as ${write}`,
  ...run("s1"),
]);
refused("discards all and prepares a write under an old name", [
  "prepare s1 as select 1",
  "discard all",
  { parse: write, name: "s1" },
  ...run("s1"),
]);
refused("the same name in other letters: s1 and S1", [
  'prepare "S1" as select 1',
  { parse: write, name: "s1" },
  { sync: true },
  ...run("s1"),
]);
refused("a name cut at 63 bytes is that of a write", [
  `prepare ${"n".repeat(63)} as select 1`,
  `deallocate ${"n".repeat(70)}`,
  `prepare ${"n".repeat(80)} as ${write}`,
  `execute ${"n".repeat(63)}`,
]);
refused("a write in the group whose earlier Parse fails", [
  { parse: "select 1", name: "s2" },
  { sync: true },
  { parse: "selekt" },
  { parse: write, name: "s2" },
  { sync: true },
  { close: "S", name: "s2" },
  { parse: write, name: "s2" },
  ...run("s2"),
]);
refused("the unnamed statement is a write in one group, and is run in the next", [
  { parse: write },
  { sync: true },
  ...run(""),
]);
refused("a Query inside of a group ends the unnamed statement", [{ parse: "select 1" }, write, ...run("")]);
refused("a portal of a write under a name", [
  { parse: write },
  { bind: "", portal: "p1" },
  { sync: true },
  { execute: "p1" },
  { sync: true },
]);
refused("a portal bound to a read, its statement then replaced", [
  "begin",
  { parse: "select 1", name: "a" },
  { bind: "a", portal: "p" },
  { close: "S", name: "a" },
  { parse: write, name: "a" },
  { bind: "a", portal: "p2" },
  { execute: "p2" },
  { sync: true },
  "rollback",
]);
refused("a cursor over what locks, by its portal", [
  "begin",
  "declare c cursor for select * from orders for update",
  { execute: "c" },
  { sync: true },
  "rollback",
]);
refused("executes a cursor's portal that nobody declared here", [{ execute: "nobody" }, { sync: true }]);
refused("a holdable cursor of a function that writes", "declare c cursor with hold for select add_note('x')");
refused("executes with an argument that writes", [
  "prepare p (text) as select $1",
  "execute p (add_note('x'))",
]);
refused("executes with a subquery that locks", [
  "prepare p (int) as select $1",
  "execute p ((select id from orders for update limit 1))",
]);
refused("a write behind a read in a pipeline without Sync", [
  { parse: "select 1" },
  { bind: "" },
  { execute: "" },
  { parse: write },
  { bind: "" },
  { execute: "" },
  { sync: true },
]);
refused("a write after an error in a group, which the server would skip", [
  { parse: "select 1 / 0" },
  { bind: "" },
  { execute: "" },
  { parse: write },
  { bind: "" },
  { execute: "" },
  { sync: true },
  write,
]);
refused("twenty reads and one write, pipelined", [
  ...Array.from({ length: 20 }, (): Message[] => [
    { parse: "select 1" },
    { bind: "" },
    { execute: "" },
  ]).flat(),
  { parse: write },
  { bind: "" },
  { execute: "" },
  { sync: true },
]);
refused("a suspended portal of a WITH that writes", [
  {
    parse:
      "with i as (insert into notes select g, 'x', 'y' from generate_series(1, 5) g returning id) select * from i",
  },
  { bind: "" },
  { execute: "", rows: 1 },
  { execute: "", rows: 1 },
  { sync: true },
]);
refused("prepares a statement of a name that holds a quote", [
  `prepare "a""b" as ${write}`,
  'execute "a""b"',
]);
refused("EXECUTE inside of EXPLAIN ANALYZE", [
  "prepare p as select add_note('x')",
  "explain analyze execute p",
]);

allowed(
  "prepares and executes a read",
  ["prepare p (int) as select note from orders where id = $1", "execute p (2)"],
  { shows: "second" },
);
allowed("prepares and executes a read in one message", "prepare p as select 'prepared' as it; execute p", {
  shows: "prepared",
});
allowed(
  "a statement by name, twice",
  [{ parse: "select note from orders order by id", name: "s1" }, ...run("s1"), ...run("s1")],
  { shows: "first" },
);
allowed(
  "a portal in three parts",
  [
    { parse: "select note from orders order by id" },
    { bind: "" },
    { execute: "", rows: 1 },
    { execute: "", rows: 1 },
    { execute: "" },
    { sync: true },
  ],
  { shows: "third" },
);
allowed(
  "a holdable cursor of a read",
  ["declare c cursor with hold for select note from orders order by id", "fetch 1 from c", "close c"],
  { shows: "first" },
);
allowed(
  "scrolls in a cursor",
  [
    "begin",
    "declare c scroll cursor for select note from orders order by id",
    "move 3 in c",
    "fetch backward 1 from c",
    "commit",
  ],
  { shows: "second" },
);
allowed("its own names", ["prepare mine as select 1", "select name from pg_prepared_statements"], {
  shows: "mine",
});
allowed("an empty statement", [{ parse: "" }, { bind: "" }, { execute: "" }, { sync: true }]);
allowed(
  "a read after an error",
  [{ parse: "select 1 / 0" }, { bind: "" }, { execute: "" }, { sync: true }, "select 'and on'"],
  { shows: "and on" },
);

export const prepared = attacks;
