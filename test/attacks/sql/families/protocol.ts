import { family, type Message } from "../attack.ts";

/** Messages out of the order that drivers send them in. */
const { attacks, refused, allowed } = family("messages out of order", "read");
const write = "insert into notes values (1, 'x', 'y')";
const parsed = (sql: string, name = ""): Message[] => [{ parse: sql, name }, { bind: name }, { execute: "" }];

refused("a write behind a Query in the same flight", ["select 1", ...parsed(write), { sync: true }]);
refused("a Query of a write inside of an open group", [
  { parse: "select 1", name: "a" },
  { bind: "a" },
  write,
  { sync: true },
]);
refused("a write in an implicit transaction with a read", [
  ...parsed("select 1"),
  ...parsed(write),
  { sync: true },
]);
refused("a write in a failed transaction", ["begin", "select 1/0", write, "rollback"]);
refused("a write behind COMMIT in one text", `begin; select 1; commit; ${write}`);
refused("a write behind ROLLBACK in one text", ["begin", `rollback; ${write}`]);
refused("a write behind COMMIT AND CHAIN", ["begin read only", `commit and chain; ${write}`, "rollback"]);
refused("a write behind ROLLBACK TO", ["begin", "savepoint a", `rollback to a; ${write}`, "rollback"]);
refused("a write executed with no rows wanted", [
  { parse: write },
  { bind: "" },
  { execute: "", rows: 1 },
  { sync: true },
]);
refused("a write described, then executed", [
  { parse: write, name: "d" },
  { describe: "S", name: "d" },
  { sync: true },
  { bind: "d" },
  { execute: "" },
  { sync: true },
]);
refused("a write bound in two portals", [
  { parse: write, name: "d" },
  { bind: "d", portal: "a" },
  { bind: "d", portal: "b" },
  { execute: "b" },
  { sync: true },
]);
refused("a write behind a closed statement of the same name", [
  { parse: "select 1", name: "d" },
  { close: "S", name: "d" },
  ...parsed(write, "d"),
  { sync: true },
]);
refused("a write bound with too many values", [
  { parse: write },
  { bind: "", values: ["1", "2"] },
  { execute: "" },
  { sync: true },
]);
refused("a COPY in the extended protocol", [...parsed("copy notes from stdin"), { sync: true }]);
refused("a COPY behind a read in one text", "select 1; copy notes from stdin");
refused("a fast-path call of lo_create", [{ call: 715, args: ["0"] }]);
refused("a fast-path call of lowrite", [{ call: 955, args: ["0", "x"] }]);
refused("a fast-path call of pg_terminate_backend", [{ call: 2096, args: ["1", "0"] }]);
refused("a fast-path call of pg_read_file", [{ call: 3826, args: ["/etc/passwd"] }]);
refused("a fast-path call in a transaction", ["begin", { call: 957, args: ["131072"] }, "rollback"]);
refused("a fast-path call of a number that is none", [{ call: 4294967295, args: [] }]);
refused("an empty Query, and a write behind it", ["", write]);
refused("two hundred statements by name, and a write by the last", [
  ...Array.from({ length: 200 }, (_, at): Message => ({ parse: "select 1", name: `n${at}` })),
  { close: "S", name: "n199" },
  ...parsed(write, "n199"),
  { sync: true },
]);

allowed(
  "closes what nobody opened",
  [{ close: "S", name: "none" }, { close: "P", name: "none" }, { sync: true }, "select 'closed'"],
  { shows: "closed" },
);
allowed("binds what nobody parsed, and goes on", [{ bind: "none" }, { sync: true }, "select 'unbound'"], {
  shows: "unbound",
});
allowed(
  "executes with too few values, and goes on",
  [{ parse: "select $1::int" }, { bind: "" }, { execute: "" }, { sync: true }, "select 'bound'"],
  { shows: "bound" },
);
allowed(
  "describes, then runs",
  [
    { parse: "select note from orders order by id", name: "d" },
    { describe: "S", name: "d" },
    { sync: true },
    { bind: "d" },
    { describe: "P", name: "" },
    { execute: "" },
    { sync: true },
  ],
  { shows: "first" },
);
allowed(
  "a pipeline of three",
  [...parsed("select 1"), ...parsed("select 2"), ...parsed("select 'piped'"), { sync: true }],
  { shows: "piped" },
);
allowed("only Sync", [{ sync: true }, { sync: true }]);
allowed("a failed transaction is left", ["begin", "select 1/0", "select 1", "rollback", "select 'left'"], {
  shows: "left",
});

export const protocol = attacks;
