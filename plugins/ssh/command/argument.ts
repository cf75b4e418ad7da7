/** One word of a command, as far as its text alone tells what the program will get. */
export interface Argument {
  /** What the program gets; undefined: it may be anything, and any number of words. */
  readonly text?: string;
  /** `text` still holds `*`, `?`, `[…]` or a leading `~`, but begins as it is written. */
  readonly pattern?: true;
  /** As policy names it. */
  readonly shown: string;
}

/** What cannot be told. Only a `*` of a rule that is a word by itself covers it. */
export const untold: Argument = { shown: "*" };

export function told(text: string): Argument {
  return { text, shown: quoted(text) };
}

export function pattern(text: string): Argument {
  return { text, pattern: true, shown: text };
}

const plain = /^[\w@%+=:,./-]+$/;
const climbs = /(^|\/)\.\.(\/|$)/;

/**
 * As it stands where every shell reads it as it stands, else in single quotes. A path that climbs (`..`) is quoted too,
 * so that `cat /var/log/*` does not cover it.
 */
export function quoted(text: string): string {
  return plain.test(text) && !climbs.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export const commandLine = (words: readonly Argument[]): string => words.map(({ shown }) => shown).join(" ");
