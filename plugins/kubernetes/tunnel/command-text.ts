/** Words of a command as a shell would take them, so that nobody mistakes where one ends. */
export function commandText(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // What moves a cursor, or cannot be seen, is written out.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(word)) {
    return JSON.stringify(word).replace(
      /[\p{C}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
    );
  }
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
