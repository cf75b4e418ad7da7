import { family } from "../attack.ts";

/** Functions that run because a value of some type is made, which the text hardly shows. */
const { attacks, refused, allowed } = family("functions behind types", "read");

refused("a multirange of a domain", "select '{[a,b]}'::noted_ranges");
refused("a cast to a domain over what has a cast", "select 'x'::text::noted_box");
refused("a cast to a row whose field has a cast", "select row('x'::text)::holds_box");
refused("a domain over a row, by attribute notation", "select o.order_noted from orders o");
refused("a domain of a function's result, by attribute notation", "select x.noted from upper('x') x");
refused("a domain of an expression, by attribute notation", "select ('x'::text).noted");
refused("a text beside an array of a domain", "select stamps = '{x}' from stamped");
refused("a text appended to an array of a domain", "select array_append(stamps, 'x') from stamped");
refused("a text beside a whole row", "select coalesce(s, '(1,x,)') from stamped s");
refused(
  "a text beside a whole row with a star",
  "select case when false then s.* else '(1,x,)' end from stamped s",
);
refused(
  "a text beside a row of a subquery",
  "select coalesce(x.s, '(1,x,)') from (select s from stamped s) x",
);
refused("a row made of JSON", 'select jsonb_populate_record(s, \'{"stamp": "x"}\') from stamped s');
allowed("attributes that are columns", "select o.note from orders o order by o.id", { shows: "first" });

export const typeFunctions = attacks;
