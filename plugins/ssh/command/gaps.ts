/** All that a script holds beside its words: blanks, operators, reserved words of sh, comments. */
const token =
  /[ \t\n]+|\\\n|;;?|&&?|\|\|?|[(){}!]|(?:if|then|elif|else|fi|while|until|do|done|for|case|in|esac|time)(?![\w])|(?<=^|[\s;&|()])#[^\n]*/y;

/**
 * Whether the words that were read are all words of the script: what lies between them is nothing but known tokens.
 * `spans` are those of the script itself, in any order.
 */
export function nothingBetween(
  source: string,
  script: { readonly pos: number; readonly end: number },
  spans: readonly { readonly pos: number; readonly end: number }[],
): boolean {
  let at = script.pos;
  for (const span of [...spans].sort((one, other) => one.pos - other.pos)) {
    if (span.pos < at || !isTokens(source, at, span.pos)) return false;
    at = span.end;
  }
  return isTokens(source, at, Math.max(at, script.end));
}

function isTokens(source: string, from: number, to: number): boolean {
  const between = source.slice(from, to);
  // What a comment follows stands before it, so a word that touches it shows.
  const before = from === 0 ? "" : "w";
  const text = before + between;
  for (let at = before.length; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    if (!token.test(text)) return false;
  }
  return true;
}
