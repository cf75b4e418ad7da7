/** A text beyond it is not parsed: `unknown`. In bytes of UTF-8. */
export const longestText = 1 << 20;

/**
 * Nor one with more words and signs, each of which becomes a part of the syntax tree: a million of them take
 * seconds, in which no other session moves. Those in literals count too, since only a parser knows where they end.
 */
export const mostTokens = 150_000;

/** Whether a text can be parsed in the time that other sessions can wait. */
export function isTooLong(text: string): boolean {
  if (text.length > longestText) return true;
  if (text.length * 3 > longestText && Buffer.byteLength(text) > longestText) return true;
  if (text.length <= mostTokens) return false;
  let tokens = 0;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const kind = kinds[text.charCodeAt(at)] ?? word;
    if (kind === sign || (kind === word && !inWord)) tokens += 1;
    inWord = kind === word;
  }
  return tokens > mostTokens;
}

const [space, word, sign] = [0, 1, 2];
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\s/.test(character)) return space;
  return /\w/.test(character) ? word : sign;
});
