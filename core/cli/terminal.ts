/** Where a command reads and writes: the process, or a test. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Standard output is a terminal: sequences that mean something to one may go there. */
  readonly screen: boolean;
  /** The same, and NO_COLOR is not set. */
  readonly colour: boolean;
  /** Somebody sits at it: standard input and standard error are terminals. */
  readonly interactive: boolean;
}

const codes = { bold: 1, faint: 2, red: 31, green: 32, yellow: 33 } as const;

export function paint(terminal: Terminal, style: keyof typeof codes, text: string): string {
  return terminal.colour ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
}

/** C0 and C1 controls, and what reorders or hides text on a screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const unseen = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Text of a caller as it may be shown: what could move the cursor, colour or reorder the line stands
 * there as an escape, so that an approver sees what was sent and nothing else.
 */
export function printable(text: string): string {
  return text.replace(unseen, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, " ").trim());
}
