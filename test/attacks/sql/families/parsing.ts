import { extended, family } from "../attack.ts";

/** Texts that two parsers may read in two ways. */
const { attacks, refused, unknown, allowed } = family("what a text is read as", "read");
const write = "insert into notes values (1, 'x', 'y')";
/** A simple Query of these bytes. */
const bytes = (...parts: readonly (string | readonly number[])[]) => [
  { query: Buffer.concat([...parts, [0]].map((part) => Buffer.from(part as string))) },
];

refused("a write behind an empty statement", `;;; ${write}`);
refused("a write between empty statements", `select 1;;${write};;`);
refused("a write behind a nested comment", `/* /* */ select 1; */ ${write} /* */`);
refused("a write in what one nesting too few takes for a comment", `select 1 /* /* */ */; ${write}`);
refused("a write behind a comment with a quote", `select 1 /* ' */; ${write} --'`);
refused("a write behind a line comment that ends at a carriage return", `select 1 -- \r; ${write}`);
refused("a write behind a comment of one dash more", `select 1 - -1; ${write}`);
refused("a comment that joins two operators", `select 1 */**/1; ${write}`);
refused("a write behind a string with a backslash", `select '\\'; ${write}; --'`);
refused("a write behind an E string with an escaped quote", `select E'\\''; ${write}; --'`);
refused("a write behind a doubled quote", `select ''''; ${write}; --'`);
refused("a write behind an empty dollar quote", `select $$'$$; ${write}; --'`);
refused("a write behind a dollar quote with a tag", `select $a$ $b$ $a$; ${write}; --$b$`);
refused("a write behind a dollar quote with a tag of another script", `select $é$ ' $é$; ${write}; --'`);
refused("a dollar that belongs to a name", `select 1 as a$b$; ${write}; --$b$`);
refused("a write behind a quoted name with a quote", `select 1 as """"; ${write}; --"`);
refused("a write behind a unicode name", `select 1 as U&"\\0022"; ${write}; --"`);
refused("a write behind a string with an escape of its own", `select U&'!0027' uescape '!'; ${write}; --'`);
refused("a write behind a bit string", `select B'01', X'1F'; ${write}`);
refused("a write behind a national string", `select N'\\'; ${write}; --'`);
refused("a write behind a string continued on the next line", `select 'a'\n'b'; ${write}`);
refused("a write behind a string continued behind a comment", `select 'a' -- '\n'b'; ${write}`);
refused("a write in capital letters", write.toUpperCase());
refused("a write without spaces", `insert into"notes"values(1,'x','y')`);
refused("a write with tabs, form feeds and returns", "insert\tinto\fnotes\rvalues\n(1,'x','y')");
refused(
  "a write in parentheses of a WITH",
  "with a as ((select 1)) insert into notes select 1, 'x', 'y' from a",
);
refused("names by unicode escapes", `insert into U&"n\\006ftes" values (1, U&'\\0078', 'y')`);
refused("names in quotes with their schema", `insert into "public"."notes" values (1, 'x', 'y')`);
refused("names with their database", `insert into shop.public.notes values (1, 'x', 'y')`);
refused("a name that is cut to that of a table", `insert into "notes" (${"id"}) values (1)`);
refused(
  "a WITH query whose name is cut to that of another",
  `with ${"w".repeat(64)} as (delete from notes returning 1 as x) select x from ${"w".repeat(63)}`,
);
refused("a statement behind 100,000 spaces", `${" ".repeat(100_000)}${write}`);
refused("a statement behind a comment of 100,000 signs", `/*${"*".repeat(100_000)}*/ ${write}`);
refused("a statement behind 2,000 others", `${"select 1;".repeat(2000)}${write}`);
unknown("a text of more than a megabyte", `select '${"x".repeat(1_100_000)}'; ${write}`);
refused("parentheses nested 3,000 deep", `select ${"(".repeat(3000)}1${")".repeat(3000)}; ${write}`);
unknown("a byte that is no UTF-8", bytes("select '", [0xff], `'; ${write}; --'`));
unknown("an overlong quote", bytes("select '", [0xc0, 0xa7], `'; ${write}; --'`));
unknown("half of a surrogate pair", bytes("select '", [0xed, 0xa0, 0x80], `'; ${write}; --'`));
unknown("a byte order mark", `\ufeff${write}`);
unknown("a replacement character", `select '\ufffd'; ${write}`);
unknown("a statement that the parser does not know", "frobnicate orders");
unknown("a comment before UESCAPE", "select U&\"!006eote\" /* */ uescape '!' from orders");
unknown("half a statement", "select * from");
unknown("an unfinished string", `select '; ${write}`);
unknown("an unfinished comment", `select 1 /* ; ${write}`);
unknown("an unfinished dollar quote", `select $a$; ${write}`);
unknown("psql's own commands", "\\! touch {loot}/ran");
unknown("another server's quotes", "select `id` from orders");
unknown("another server's comment", `select 1 # ; ${write}`);
refused("a comment that another server runs", `select 1 /*! */; ${write}`);
refused("a non-breaking space belongs to a name", `select\u00a01; ${write}`);
refused("a wide space belongs to a name", `delete\u3000 from notes; ${write}`);
refused("a semicolon of another script is none", `select 1 as a\uff1b; ${write}`);
refused("a quote of another script is none", `select 1 as \u2019; ${write}; --\u2019`);
refused("a letter that another locale folds", `select 1 as \u0130; ${write}`);
refused("a table named by a K of another script is another", `select 1 from \u212aeys; ${write}`);
refused("a function call with a comment before its parenthesis", "select add_note/**/('x')");
refused("a function call across lines", "select add_note\n--\n\n(\n'x'\n)");
refused("a call whose name is quoted in parts", "select public . \"add_note\" ('x')");
refused(
  "a parameter in place of a table's value",
  extended(`with i as (insert into notes values ($1) returning 1) select * from i`, ["1"]),
);
refused(
  "a write behind a parameter that looks like a dollar quote",
  extended(`select $1::text as a$1$, 'b' as b$1$; ${write}`, ["x"]),
);
refused("writes by a LIKE's escape", `select 'a' like '\\' escape '\\'; ${write}; --'`);
refused("a JSON operator that looks like a parameter's end", `select '{"a":1}'::jsonb ? 'a'; ${write}`);
refused("an interval's fields", `select interval '1' day; ${write}`);
refused(
  "a nested BEGIN ATOMIC hides a semicolon",
  "create function f() returns int begin atomic select 1; select 2; end",
);
refused("two statements where one ends in a comment", `select 1 --\n;${write}--`);

// The server itself says that such a message is none.
allowed("a zero byte in front of a write", bytes("select 1", [0], `; ${write}`));
allowed("only a comment", "-- nothing\n");
allowed("only semicolons", " ; ; ");
allowed("a comment in a comment", "select /* a /* b */ c */ 'commented' -- end", { shows: "commented" });
allowed("a string that holds a comment", "select '/* no comment' || ' -- neither'", {
  shows: "/* no comment -- neither",
});
allowed(
  "every way to write a text",
  "select 'a' 'b' || E'\\x62' || U&'\\0063' || $$d$$ || $x$e$x$".replace("'a' 'b'", "'a'\n'b'"),
  { shows: "abbcde" },
);
allowed("a dollar in a name", "select 1 as a$b, 'dollar' as c$", { shows: "dollar" });
allowed("names in quotes", 'select "Id", "E-Mail" from "Mixed Case"', { shows: "plain" });
allowed("a name longer than 63 bytes", `select 'long' as ${"n".repeat(90)}`, { shows: "long" });
allowed("three reads in one text", "select 1; select 2; select 'third of three'", {
  shows: "third of three",
});
allowed("names and texts of other scripts", "select 'données' as übergröße", { shows: "données" });
allowed("a text of 200 KB", `select length('${"x".repeat(200_000)}')`, { shows: "200000" });
allowed("operators without spaces", "select 1+-1,2*-3,'a'||'b'", { shows: "ab" });

export const parsing = attacks;
