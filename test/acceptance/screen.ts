/** What one waits for on a screen, at most. */
const patience = 15_000;

/** A program in a terminal of its own: what it shows, and keys to press. */
export class Screen {
  screen = "";
  #read = 0;
  readonly #child: Bun.Subprocess;
  readonly code: Promise<number>;

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([...command], {
      env: { PATH: process.env.PATH ?? "", TERM: "xterm", ...env },
      terminal: {
        cols: 120,
        rows: 40,
        data: (_terminal, bytes) => {
          this.screen += decoder.decode(bytes, { stream: true });
        },
      },
    });
    this.code = this.#child.exited;
  }

  press(keys: string): void {
    this.#child.terminal?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#child.terminal?.resize(columns, rows);
    this.#child.kill("SIGWINCH");
  }

  /** Until this stands on the screen, behind what was waited for before; returns all up to it. */
  async until(text: string): Promise<string> {
    const deadline = Date.now() + patience;
    for (;;) {
      const at = this.screen.indexOf(text, this.#read);
      if (at >= 0) {
        const shown = this.screen.slice(this.#read, at + text.length);
        this.#read = at + text.length;
        return shown;
      }
      if (Date.now() > deadline) {
        throw new Error(`No ${JSON.stringify(text)} in ${JSON.stringify(this.screen.slice(this.#read))}`);
      }
      await Bun.sleep(5);
    }
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
