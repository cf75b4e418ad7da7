import type { ReplayLine } from "../../control/api.ts";
import type { TerminalEvent } from "../../protocol.ts";
import { printable, type Terminal } from "../terminal.ts";
import { Screen } from "./screen.ts";

/** Ends what a session may have switched on: colours, a hidden cursor, the alternate screen. */
const reset = "\x1b[0m\x1b[?25h\x1b[?1049l\r\n";

/** The lines of a recording as this terminal may show them: text escaped, terminals played. */
export class Player {
  readonly #screens = new Map<number, Screen>();
  #last: number | undefined;

  /** `channel`: of the terminals this one alone. A file gets nothing that was not in the recording. */
  constructor(
    private readonly to: Pick<Terminal, "screen">,
    private readonly channel: number | undefined,
  ) {}

  show(line: ReplayLine): string {
    if ("text" in line) return printable(line.text);
    const { terminal } = line;
    if (this.channel !== undefined && terminal.channel !== this.channel) return "";
    return this.#terminal(terminal);
  }

  /** What to print last. */
  end(): string {
    return this.to.screen && this.#screens.size > 0 ? reset : "";
  }

  #terminal(event: TerminalEvent): string {
    const { channel } = event;
    let screen = this.#screens.get(channel);
    if (!screen) {
      screen = new Screen();
      this.#screens.set(channel, screen);
    }
    switch (event.type) {
      case "open":
        return this.#turn(channel) + this.#title(event);
      case "resize":
        return this.#title(event);
      case "output":
        return this.#turn(channel) + screen.show(event.text);
      case "input":
        return "";
    }
  }

  /** Where several play at once, a line says which one goes on. */
  #turn(channel: number): string {
    const before = this.#last;
    this.#last = channel;
    if (before === undefined || before === channel) return "";
    return `${this.to.screen ? "\x1b[0m" : ""}\r\n-- terminal ${channel} --\r\n`;
  }

  /** Nobody's screen is resized for a replay: the window's title says how large it was. */
  #title({ channel, columns, rows }: { channel: number; columns: number; rows: number }): string {
    return this.to.screen ? `\x1b]2;terminal ${channel}, ${columns} x ${rows}\x07` : "";
  }
}
