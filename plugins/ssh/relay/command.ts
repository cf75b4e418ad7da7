import type { ClientChannel, ServerChannel } from "ssh2";
import {
  AnswerStream,
  encodeEvent,
  encodeExit,
  type Pass,
  type Reason,
  type Typed,
  typedOn,
} from "../../../core/plugin.ts";
import { done } from "./admission.ts";
import type { Carriage } from "./carriage.ts";
import { lostStatus, outcomeOf } from "./exit.ts";
import { both, flow } from "./flow.ts";
import { tellHalfClosed } from "./half-closed.ts";
import type { AtHost } from "./host-channel.ts";
import { digestOutput, keepOutput } from "./kept-output.ts";
import { Outlet } from "./outlet.ts";
import { carrySftp } from "./sftp.ts";
import { relayInput } from "./stdin.ts";
import type { Voice } from "./voice.ts";

/** A command, shell or subsystem that runs at the host, and its caller. */
export class Command {
  readonly #carriage: Carriage;
  readonly host: ClientChannel;
  #over = false;
  #typed: Typed | undefined;

  constructor(
    readonly voice: Voice,
    readonly caller: ServerChannel,
    readonly atHost: AtHost,
    readonly pass: Pass,
    /** `sftp`: that subsystem. `files`: it moves files by a protocol of its own. */
    readonly kind: "sftp" | "files" | "streams",
  ) {
    this.#carriage = voice.carriage;
    const host = atHost.channel;
    this.host = host;
    host.on("error", () => {});
    caller.on("error", () => {});
    caller.once("close", () => this.abandon());
  }

  /** Whoever asked for it is gone: the host ends what it runs as if the terminal were closed. */
  abandon(): void {
    this.#over = true;
    this.host.close();
    this.host.resume();
    this.host.stderr.resume();
    // Nobody reads what the caller has sent: its end would never be seen.
    this.caller.resume();
  }

  /** Until the host has closed the channel, or the caller has. */
  async run(): Promise<void> {
    const { caller, host, pass, voice } = this;
    const closed = new Promise<void>((resolve) => {
      host.once("close", () => resolve());
    });
    await pass.ready();
    if (voice.terminal) this.#typed = typedOn(this.#carriage.gate, voice.number, pass.answer);
    const into = new Outlet(host, this.#carriage.host.connection);
    await Promise.all([
      this.kind === "sftp" ? carrySftp(voice, caller, host, into) : this.#streams(into),
      this.#output(true),
    ]);
    await voice.outlet.settled();
    // Some programs close their output and go on; and an exit status may come behind the end of the output.
    if (!this.atHost.exit && isOpen(host)) {
      this.#carriage.caller.lateClose.keep(caller);
      caller.eof();
    }
    await closed;
    const { exit } = this.atHost;
    done(this.#carriage, pass, outcomeOf(exit));
    const { number } = voice;
    if (exit) {
      const { status, signal } = { status: undefined, signal: undefined, ...exit };
      this.#carriage.tell(() => encodeExit(number, status ?? `SIG${signal?.replace(/^SIG/, "")}`));
    }
    this.#carriage.tell(() => encodeEvent(number, { event: "close" }));
    await voice.end(exit);
  }

  /** `INT`, as SSH names it; another name than those of RFC 4254, 6.10, goes nowhere. */
  signal(name: string): void {
    tellHalfClosed(this.host, () => {
      try {
        this.host.signal(name);
      } catch {
        // ssh2 knows those alone.
      }
    });
  }

  resize(rows: number, columns: number, height: number, width: number): void {
    tellHalfClosed(this.host, () => this.host.setWindow(rows, columns, height, width));
  }

  /** The session is over, and what runs in it: a host lets a command without a terminal go on. */
  leave(reason: Reason): void {
    this.#over = true;
    this.signal("HUP");
    void this.voice.leave(reason, { status: lostStatus });
  }

  #streams(into: Outlet): Promise<void> {
    const { caller, pass, voice } = this;
    relayInput(this.#carriage, voice.number, caller, into, pass.answer, this.#typed, voice.terminal);
    return this.#output(false);
  }

  #output(error: boolean): Promise<void> {
    const { voice, pass, host } = this;
    const kept =
      this.kind === "files" && !error
        ? digestOutput(this.#carriage, voice.number)
        : keepOutput(this.#carriage, voice.number, error);
    const send = (bytes: Uint8Array) =>
      this.#over ? undefined : both(voice.outlet.write(bytes, error), kept.passed(bytes));
    const name = voice.terminal ? "terminal" : error ? "stderr" : "stdout";
    const stream = new AnswerStream(pass.answer, "toCaller", name, (late) => void send(late));
    const over = flow(error ? host.stderr : host, (bytes) => {
      this.#typed?.shown(bytes);
      const now = stream.push(bytes);
      return now && send(now);
    });
    return over.then(() => {
      stream.flush();
      kept.over();
    });
  }
}

function isOpen(channel: ClientChannel): boolean {
  return (channel.incoming as { readonly state: string }).state !== "closed";
}
