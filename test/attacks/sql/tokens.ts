/**
 * SQL as PostgreSQL's lexer cuts it, told from its documentation (4.1) and not from a parser: mutants must not depend on
 * what they attack. The tokens of a text put together are the text.
 */
export interface Token {
  readonly kind: "space" | "comment" | "word" | "quoted" | "string" | "number" | "operator" | "sign";
  readonly text: string;
}

const patterns: readonly (readonly [Token["kind"], RegExp])[] = [
  ["space", /[ \t\n\r\f]+/y],
  ["comment", /--[^\n\r]*/y],
  ["quoted", /(?:[uU]&)?"(?:[^"]|"")*"/y],
  ["string", /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y],
  ["string", /(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'/y],
  ["string", /\$((?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$[\s\S]*?\$\1\$/y],
  ["word", /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y],
  ["number", /\$\d+|\d[\w.]*/y],
  ["operator", /::|:=|=>|\.\./y],
  ["sign", /[(),;.[\]:{}]/y],
  ["operator", /(?:(?!--|\/\*)[-+*/<>=~!@#%^&|`?])+/y],
];

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const token = text.startsWith("/*", at) ? blockComment(text, at) : match(text, at);
    found.push(token);
    at += token.text.length;
  }
  return found;
}

function match(text: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) return { kind, text: found };
  }
  return { kind: "sign", text: text.slice(at, at + 1) };
}

/** They nest; one that never ends reaches to the end of the text. */
function blockComment(text: string, at: number): Token {
  let depth = 0;
  let end = at;
  do {
    if (text.startsWith("/*", end)) depth += 1;
    else if (text.startsWith("*/", end)) depth -= 1;
    else {
      end += 1;
      continue;
    }
    end += 2;
  } while (depth > 0 && end < text.length);
  return { kind: "comment", text: text.slice(at, end) };
}
