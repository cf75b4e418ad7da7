import type { PseudoTtyInfo } from "ssh2";
import {
  AnswerStream,
  encodeExit,
  encodeFrame,
  frameTypes,
  type HeldOperation,
  type Pass,
  PosternError,
  type Reason,
} from "../../../core/plugin.ts";
import { admit, done } from "../relay/admission.ts";
import { lines as worded } from "../relay/carriage.ts";
import { lostStatus } from "../relay/exit.ts";
import { both } from "../relay/flow.ts";
import { reasonOf } from "../relay/reason.ts";
import { sendable } from "../relay/sendable.ts";
import type { Voice } from "../relay/voice.ts";
import { Lines } from "./lines.ts";
import { quoted, type Ran, RemoteShell } from "./remote-shell.ts";
import { runScreen, type Screen } from "./screen.ts";
import { lineOf } from "./statement.ts";

const leaving = /^\s*(?:exit|logout)(?:\s+(\d{1,3}))?\s*$/;
/** A second ^C that changes nothing is answered by the end of the remote shell. */
const patience = 3;
const refused = 126;

export interface GuardedSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  /** As it is now; undefined: there is none. */
  terminal(): PseudoTtyInfo | undefined;
}

/**
 * A shell of which the gateway itself reads each line: it is judged, held or refused as a command of its own, and then
 * run as it is by one shell at the host.
 */
export class GuardedShell {
  #shell: RemoteShell | undefined;
  #screen: Screen | undefined;
  #hold: HeldOperation | undefined;
  #interrupts = 0;
  #over = false;
  #home = "";
  #directory = "";
  #status = 0;

  constructor(
    readonly voice: Voice,
    readonly around: GuardedSurroundings,
  ) {
    voice.channel.on("error", () => {});
    voice.channel.once("close", () => this.#end());
  }

  /** Until the caller leaves it. */
  async run(): Promise<void> {
    const { voice } = this;
    const { number, carriage } = voice;
    const write = (text: string) => void this.#send(Buffer.from(text), false);
    const listener = {
      interrupt: () => this.#interrupt(),
      raw: (bytes: Buffer) => this.#screen?.typed(bytes) ?? false,
    };
    const columns = () => this.around.terminal()?.cols ?? 80;
    const lines = new Lines(voice.channel, listener, voice.terminal ? write : undefined, columns);
    await this.#begin();
    while (!this.#over) {
      const line = await lines.next(this.#prompt);
      if (line === undefined || this.#over) break;
      if (voice.terminal)
        carriage.tell(() => encodeFrame(frameTypes.input, number, Buffer.from(`${line}\r`)));
      const leave = leaving.exec(line);
      if (leave) {
        if (leave[1] !== undefined) this.#status = Number(leave[1]) & 255;
        break;
      }
      if (line.trim() !== "") await this.#do(line).catch((error) => this.#failed(error));
    }
    this.#shell?.close();
    if (this.#over) return;
    carriage.tell(() => encodeExit(number, this.#status));
    await voice.end({ status: this.#status });
  }

  /** The session is over. */
  leave(reason: Reason): void {
    this.#end();
    void this.voice.leave(reason, { status: lostStatus });
  }

  resized(): void {
    const terminal = this.around.terminal();
    if (terminal) this.#screen?.resize(terminal);
  }

  signal(name: string): void {
    this.#hold?.withdraw("cancelled");
    this.#shell?.signal(name);
  }

  get #prompt(): string {
    const { host, gate } = this.voice.carriage;
    const at = this.#directory;
    const inHome = this.#home !== "/" && (at === this.#home || at.startsWith(`${this.#home}/`));
    const where = inHome ? `~${at.slice(this.#home.length)}` : at;
    // A directory may have any name: also one that moves the cursor, or turns the direction of what is written.
    return `${host.login}@${gate.session.resource}:${where.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?")}$ `;
  }

  /** A shell at the host, in the directory where the last one was. */
  async #begin(): Promise<void> {
    const { carriage } = this.voice;
    this.#shell = await RemoteShell.open(carriage.host, this.around.environment);
    const where = this.#directory === "" ? ":" : `cd -- ${quoted(this.#directory)}`;
    const ran = await this.#shell.run(where, () => undefined);
    if (!ran) {
      throw new PosternError("ssh.host-channel", "The shell at the host did not begin.", {
        hint: "It has to have /bin/sh and /usr/bin/env, and let its users run commands.",
      });
    }
    this.#directory = ran.directory;
    if (this.#home === "") this.#home = ran.directory;
  }

  async #do(line: string): Promise<void> {
    const { voice } = this;
    const { carriage } = voice;
    sendable(line);
    const { statement, screen } = lineOf(line, carriage.config.shell, voice.terminal);
    this.#interrupts = 0;
    const pass = await admit(carriage, statement, { held: (hold) => this.#held(hold) });
    this.#hold = undefined;
    if ("deny" in pass) {
      this.#status = refused;
      if (!this.#over) voice.say(...worded(pass.deny, carriage.gate.session.id));
      return;
    }
    try {
      await pass.ready();
      const ran = screen ? await this.#runScreen(line, pass) : await this.#runLine(line, pass);
      if (ran) this.#status = ran.status;
      const status = ran?.status;
      const result = status === undefined ? "unknown" : status === 0 ? "ok" : "error";
      done(carriage, pass, { result, ...(status === undefined ? {} : { code: String(status) }) });
    } finally {
      if (carriage.passes.has(pass)) done(carriage, pass, { result: "unknown" });
    }
  }

  async #runLine(line: string, pass: Pass): Promise<Ran | undefined> {
    const { voice } = this;
    const streams = [false, true].map((error) => {
      const name = voice.terminal ? "terminal" : error ? "stderr" : "stdout";
      const late = (bytes: Uint8Array) => void this.#send(onScreen(bytes, voice.terminal), error);
      return new AnswerStream(pass.answer, "toCaller", name, late);
    });
    const ran = await this.#shell?.run(line, (bytes, error) => {
      const now = streams[error ? 1 : 0]?.push(bytes);
      return now && this.#send(onScreen(now, voice.terminal), error);
    });
    for (const stream of streams) stream.flush();
    if (ran) this.#directory = ran.directory;
    else if (!this.#over) {
      voice.say("postern: The shell at the host has ended; a new one begins, without its variables.");
      await this.#begin();
    }
    return ran;
  }

  async #runScreen(line: string, pass: Pass): Promise<{ status: number } | undefined> {
    const terminal = this.around.terminal();
    if (!terminal) return undefined;
    const program = { line, directory: this.#directory, terminal, environment: this.around.environment };
    const ran = await runScreen(this.voice, pass, program, (screen) => {
      this.#screen = screen;
    });
    this.#screen = undefined;
    return ran;
  }

  /** A line that could not be run; the shell goes on while there is one. */
  #failed(error: unknown): void {
    this.#status = refused;
    if (!this.#over) this.voice.say(...worded(reasonOf(error), this.voice.carriage.gate.session.id));
  }

  #held(hold: HeldOperation): void {
    this.#hold = hold;
    this.voice.say(`postern: ${hold.notice}`);
    if (this.#over) hold.withdraw("abandoned");
  }

  #interrupt(): void {
    if (this.#hold) return this.#hold.withdraw("cancelled");
    void this.#send(Buffer.from("^C\r\n"), false);
    this.#interrupts++;
    this.#shell?.signal(this.#interrupts < patience ? "INT" : "KILL");
  }

  #send(bytes: Uint8Array, error: boolean): Promise<void> | undefined {
    const { carriage, number, outlet, terminal } = this.voice;
    if (this.#over) return undefined;
    const type = error && !terminal ? frameTypes.error : frameTypes.output;
    return both(outlet.write(bytes, error && !terminal), carriage.passed(type, number, bytes));
  }

  #end(): void {
    this.#over = true;
    this.#hold?.withdraw("abandoned");
    this.#screen?.close();
    this.#shell?.close();
  }
}

function onScreen(bytes: Uint8Array, terminal: boolean): Uint8Array {
  if (!terminal || !bytes.includes(10)) return bytes;
  return Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(/\r?\n/g, "\r\n"), "latin1");
}
