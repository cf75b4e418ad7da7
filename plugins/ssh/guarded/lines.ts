import type { ServerChannel } from "ssh2";
import { type Key, Keys } from "./keys.ts";
import { LineEditor } from "./line-editor.ts";

/** Keys that wait while a command runs. */
const mostWaiting = 4_096;

export interface Listener {
  /** ^C while nothing is being written. */
  interrupt(): void;
  /** Takes all that is typed, as it is, while it returns true. */
  raw(bytes: Buffer): boolean;
}

/** The lines that a caller writes: in a terminal with an editor, else as they come. */
export class Lines {
  readonly #editor: LineEditor | undefined;
  readonly #keys = new Keys();
  #waiting: Key[] = [];
  #asked: ((line: string | undefined) => void) | undefined;
  #prompt = "";
  #over = false;
  #rest = "";
  readonly #decoder = new TextDecoder();

  constructor(
    channel: ServerChannel,
    readonly listener: Listener,
    /** To the terminal; undefined: there is none. */
    write: ((text: string) => void) | undefined,
    readonly columns: () => number,
  ) {
    this.#editor = write && new LineEditor(write);
    channel.on("data", (bytes: Buffer) => this.#arrived(bytes));
    channel.once("end", () => this.#end());
    channel.once("close", () => this.#end());
    channel.resume();
  }

  /** The next one; undefined: no more. */
  next(prompt: string): Promise<string | undefined> {
    this.#prompt = prompt;
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#editor?.begin(prompt, this.columns());
      this.#work();
    });
  }

  #arrived(bytes: Buffer): void {
    if (this.listener.raw(bytes)) return;
    if (!this.#editor) this.#rest += this.#decoder.decode(bytes, { stream: true });
    else for (const key of this.#keys.read(bytes)) this.#pressed(key);
    this.#work();
  }

  #pressed(key: Key): void {
    if (this.#asked || key.key !== "interrupt") {
      if (this.#waiting.length < mostWaiting) this.#waiting.push(key);
      return;
    }
    this.#waiting = [];
    this.listener.interrupt();
  }

  #work(): void {
    if (!this.#editor) return this.#plain();
    while (this.#asked) {
      const key = this.#waiting.shift();
      if (!key) return this.#over ? this.#give(undefined) : undefined;
      const edited = this.#editor.press(key);
      if (edited === "endOfFile") this.#give(undefined);
      else if (edited === "interrupt") this.#editor.begin(this.#prompt, this.columns());
      else if (edited) this.#give(edited.line);
    }
  }

  #plain(): void {
    if (!this.#asked) return;
    const end = this.#rest.indexOf("\n");
    if (end >= 0) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      this.#give(line);
    } else if (this.#over) {
      const line = this.#rest;
      this.#rest = "";
      this.#give(line === "" ? undefined : line);
    }
  }

  #give(line: string | undefined): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.(line);
  }

  #end(): void {
    this.#over = true;
    this.#work();
  }
}
