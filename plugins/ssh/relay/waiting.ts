import type { ServerChannel } from "ssh2";
import type { HeldOperation } from "../../../core/plugin.ts";
import type { Voice } from "./voice.ts";

const interrupt = 3;

/**
 * A channel whose operation waits for a person. The caller is told; a signal, ^C in a terminal and the end of the
 * channel withdraw the question. The end of standard input does not: scripts give none.
 */
export class Waiting {
  #hold: HeldOperation | undefined;

  constructor(
    readonly voice: Voice,
    readonly channel: ServerChannel,
    /** Bytes that a terminal may send meanwhile. */
    readonly most: number,
  ) {}

  readonly held = (hold: HeldOperation): void => {
    this.#hold = hold;
    this.voice.say(`postern: ${hold.notice}`);
    if (this.voice.terminal) this.#listen(hold);
  };

  /** A signal came. */
  cancel(): void {
    this.#hold?.withdraw("cancelled");
  }

  /** Nobody is there any more. */
  abandon(): void {
    this.#hold?.withdraw("abandoned");
  }

  /** What is typed before ^C is there for the command when it starts. */
  #listen(hold: HeldOperation): void {
    const typed: Buffer[] = [];
    let size = 0;
    const listen = (bytes: Buffer) => {
      if (bytes.includes(interrupt)) hold.withdraw("cancelled");
      typed.push(bytes);
      size += bytes.length;
      if (size > this.most) this.channel.pause();
    };
    this.channel.on("data", listen);
    this.over = () => {
      this.channel.off("data", listen);
      this.channel.pause();
      for (const bytes of typed.reverse()) this.channel.unshift(bytes);
    };
  }

  /** An answer is there: what was typed goes to whoever reads next. */
  over = (): void => {};
}
