/**
 * What may be done with a value that must decide nothing. None of these fails, compares, or makes more or fewer rows by
 * what it is given, so that a result with their columns masked tells nothing of the values: `1 / (ascii(email) - 97)`
 * fails for an `a`.
 */

export const showing: ReadonlySet<string> = new Set(
  `lower upper initcap trim btrim ltrim rtrim reverse md5 length char_length octet_length bit_length concat concat_ws
  quote_literal quote_nullable to_jsonb to_json row_to_json array_agg json_agg jsonb_agg string_agg
  min max count any_value first_value last_value`.split(/\s+/),
);

export const showingOperators: ReadonlySet<string> = new Set(["||", "->", "->>", "#>", "#>>"]);

export const showingCasts: ReadonlySet<string> = new Set(["text", "varchar", "name"]);
