import type { Key, KeyName } from "./keys.ts";

/** What came of a key. */
export type Edited =
  | { readonly line: string }
  | "interrupt"
  | "endOfFile"
  /** The line is still being written. */
  | undefined;

/** Lines that the arrows bring back. */
const remembered = 500;
/** Characters of one line. */
const longest = 16_384;

/** One line at a time, as a terminal in raw mode needs it: the gateway itself echoes, so it knows each character. */
export class LineEditor {
  /** Characters as somebody sees them: one place of the cursor each. */
  #before: string[] = [];
  #behind: string[] = [];
  #prompt = "";
  #columns = 80;
  /** The row of the cursor, counted from the prompt's. */
  #row = 0;
  readonly #history: string[] = [];
  #at = 0;
  /** What was being written before the arrows brought back another. */
  #draft = "";

  constructor(readonly write: (text: string) => void) {}

  begin(prompt: string, columns: number): void {
    this.#prompt = prompt;
    // A client that does not know the size of its terminal says 0.
    this.#columns = columns > 0 ? columns : 80;
    this.#set("");
    this.#at = this.#history.length;
    this.#row = 0;
    this.write("\x1b[?2004h");
    this.#draw();
  }

  press(key: Key): Edited {
    switch (key.key) {
      case "text":
      case "paste":
        return this.#insert(key.text);
      case "enter":
        return { line: this.#done() };
      case "interrupt":
        this.#leave("^C");
        return "interrupt";
      case "endOfFile":
        if (this.#before.length + this.#behind.length > 0) return this.#edit(() => this.#behind.shift());
        this.#leave("");
        return "endOfFile";
      case "up":
        return this.#recall(this.#at - 1);
      case "down":
        return this.#recall(this.#at + 1);
      default:
        return this.#edit(
          () => edits[key.key as EditingKey](this.#before, this.#behind),
          key.key === "clear",
        );
    }
  }

  #insert(text: string): undefined {
    const room = longest - this.#before.length - this.#behind.length;
    const added = charactersOf(text).slice(0, Math.max(room, 0));
    if (!this.#fits(added)) return this.#edit(() => this.#before.push(...added));
    this.#before.push(...added);
    this.write(added.join(""));
  }

  /** At the end of the line and in its row an echo is all there is to draw. */
  #fits(added: readonly string[]): boolean {
    if (this.#behind.length > 0) return false;
    const end = place(this.#prompt + this.#line + added.join(""), this.#columns);
    return end.row === this.#row && end.column > 0;
  }

  #done(): string {
    const line = this.#line;
    this.#leave("");
    if (line.trim() !== "" && this.#history.at(-1) !== line) this.#history.push(line);
    if (this.#history.length > remembered) this.#history.shift();
    return line;
  }

  #leave(mark: string): void {
    if (this.#behind.length > 0) this.#edit(() => this.#before.push(...this.#behind.splice(0)));
    this.write(`${mark}\x1b[?2004l\r\n`);
  }

  #recall(at: number): undefined {
    if (at < 0 || at > this.#history.length) return;
    if (this.#at === this.#history.length) this.#draft = this.#line;
    this.#at = at;
    this.#edit(() => this.#set(this.#history[at] ?? this.#draft));
  }

  get #line(): string {
    return [...this.#before, ...this.#behind].join("");
  }

  #set(line: string): void {
    this.#before = charactersOf(line);
    this.#behind = [];
  }

  #edit(change: () => unknown, clear = false): undefined {
    const row = this.#row;
    change();
    this.write(clear ? "\x1b[H\x1b[2J" : `\r${row > 0 ? `\x1b[${row}A` : ""}\x1b[J`);
    this.#draw();
  }

  #draw(): void {
    const before = this.#prompt + this.#before.join("");
    const all = before + this.#behind.join("");
    const end = place(all, this.#columns);
    const cursor = place(before, this.#columns);
    let text = all.replaceAll("\n", "\r\n");
    // At the margin a terminal waits with its cursor until there is more.
    if (end.column === 0 && end.row > 0 && !all.endsWith("\n")) text += "\r\n";
    if (end.row > cursor.row) text += `\x1b[${end.row - cursor.row}A`;
    if (this.#behind.length > 0) text += `\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ""}`;
    this.#row = cursor.row;
    this.write(text);
  }
}

type EditingKey = Exclude<KeyName, "enter" | "interrupt" | "endOfFile" | "up" | "down">;

const edits: Readonly<Record<EditingKey, (before: string[], behind: string[]) => unknown>> = {
  back: (before: string[]) => before.pop(),
  delete: (_: string[], behind: string[]) => behind.shift(),
  left: (before: string[], behind: string[]) => behind.unshift(...before.splice(-1)),
  right: (before: string[], behind: string[]) => before.push(...behind.splice(0, 1)),
  home: (before: string[], behind: string[]) => behind.unshift(...before.splice(0)),
  end: (before: string[], behind: string[]) => before.push(...behind.splice(0)),
  kill: (before: string[]) => before.splice(0),
  killEnd: (_: string[], behind: string[]) => behind.splice(0),
  killWord(before: string[]) {
    while (before.at(-1) === " ") before.pop();
    while (before.length > 0 && before.at(-1) !== " ") before.pop();
  },
  clear: () => undefined,
};

const segmenter = new Intl.Segmenter();

function charactersOf(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** Where the cursor stands behind a text that begins in the first column. */
function place(text: string, columns: number): { row: number; column: number } {
  let row = 0;
  let column = 0;
  for (const character of charactersOf(text)) {
    if (character === "\n") {
      row++;
      column = 0;
      continue;
    }
    const width = Bun.stringWidth(character);
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
    if (column >= columns) {
      row++;
      column = 0;
    }
  }
  return { row, column };
}
