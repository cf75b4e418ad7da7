/** What stands where a literal stood. */
const mark = "?";
/** What stands for all from the point on where languages disagree what is a literal. */
const rest = "…";

const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const number = /[\p{N}][\p{L}\p{N}_.]*/uy;
const placeholder = /\$\d+/y;
/** Wider than any language's tag: where it is none, what it encloses is still free of quotations. */
const dollarQuote = /\$(?:[^ \t\n\r\f\v\d$'"`\\][^ \t\n\r\f\v$'"`\\]*)?\$/uy;
const blank = /[^\p{L}\p{N}_$'"`\\/#<-]+/uy;
/** Anything that could open, close or bend a quotation. */
const quoting = /['"`\\$#]|\/\*|--|<</;
/** What a shell runs inside double quotes, with quotations of its own. */
const expansion = /[`$]/;

/**
 * A statement, command or path without its literals: numbers and quoted text become `?`. It knows no
 * language, so it reads on only while SQL dialects and shells agree where a quotation begins and ends; at
 * the first place where they may not, all that follows becomes `…`. Words outside quotation marks stay.
 */
export function redactLiterals(text: string): string {
  let out = "";
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const plain = match(word) ?? match(blank) ?? match(placeholder);
    if (plain !== undefined) {
      out += plain;
      at += plain.length;
      continue;
    }
    const digits = match(number);
    if (digits !== undefined) {
      out += mark;
      at += digits.length;
      continue;
    }
    const next = piece(text, at, match(dollarQuote));
    if (next === undefined) return out + rest;
    out += next.shown;
    at = next.end;
  }
  return out;
}

interface Piece {
  readonly shown: string;
  readonly end: number;
}

/** A piece that all languages end at the same place; undefined: they may disagree. */
function piece(text: string, at: number, dollars: string | undefined): Piece | undefined {
  if (dollars !== undefined) return dollarQuoted(text, at, dollars);
  const two = text.slice(at, at + 2);
  switch (text[at]) {
    case "'":
    case '"':
    case "`":
      return quoted(text, at, text[at] as string);
    case "\\":
      return undefined;
    case "#":
      return comment(text, at, "#", "\n");
  }
  if (two === "<<") return undefined;
  if (two === "--") return comment(text, at, two, "\n");
  if (two === "/*") return comment(text, at, two, "*/");
  return { shown: text[at] as string, end: at + 1 };
}

function quoted(text: string, at: number, quote: string): Piece | undefined {
  const close = text.indexOf(quote, at + 1);
  if (close < 0 || text[close - 1] === "\\") return undefined;
  const inside = text.slice(at + 1, close);
  if (quote === '"' && expansion.test(inside)) return undefined;
  if (quote === "`" && quoting.test(inside)) return undefined;
  return { shown: `${quote}${mark}${quote}`, end: close + 1 };
}

function dollarQuoted(text: string, at: number, tag: string): Piece | undefined {
  const close = text.indexOf(tag, at + tag.length);
  if (close < 0 || quoting.test(text.slice(at + tag.length, close))) return undefined;
  return { shown: `${tag}${mark}${tag}`, end: close + tag.length };
}

/** What may be a comment in some language: harmless where no quotation could hide in it. */
function comment(text: string, at: number, opener: string, closer: string): Piece | undefined {
  const from = at + opener.length;
  const found = text.indexOf(closer, from);
  if (found < 0 && closer !== "\n") return undefined;
  const inside = text.slice(from, found < 0 ? text.length : found);
  if (quoting.test(inside)) return undefined;
  return { shown: `${opener}${redactLiterals(inside)}`, end: from + inside.length };
}
