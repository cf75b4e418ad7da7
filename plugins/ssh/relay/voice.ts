import type { ServerChannel } from "ssh2";
import { frameTypes, type Reason } from "../../../core/plugin.ts";
import { type Carriage, hostGone, lines } from "./carriage.ts";
import { type Exit, tellExit } from "./exit.ts";
import type { Outlet } from "./outlet.ts";

/** What the gateway itself says to the caller on one channel. */
export class Voice {
  constructor(
    readonly carriage: Carriage,
    readonly number: number,
    readonly channel: ServerChannel,
    readonly outlet: Outlet,
    /** In a terminal there is no error output, and a line ends with CR LF. */
    readonly terminal: boolean,
  ) {}

  say(...texts: readonly string[]): void {
    const bytes = Buffer.from(texts.map((text) => `${text}${this.terminal ? "\r\n" : "\n"}`).join(""));
    void this.outlet.write(bytes, !this.terminal);
    void this.carriage.passed(this.terminal ? frameTypes.output : frameTypes.error, this.number, bytes);
  }

  /** The reason, then the end of the channel. */
  async leave(reason: Reason, exit: Exit): Promise<void> {
    this.say(...lines(reason, this.carriage.gate.session.id));
    await this.end(exit);
  }

  /** Without an exit the host has said nothing, or is gone. */
  async end(exit: Exit | undefined): Promise<void> {
    const { gate, hostWire, caller } = this.carriage;
    if (!exit && hostWire.closed && !gate.signal.aborted) this.say(...lines(hostGone, gate.session.id));
    await this.outlet.settled();
    if (exit) tellExit(this.channel, exit);
    this.channel.end();
    caller.lateClose.release(this.channel);
  }
}
