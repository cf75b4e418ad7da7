import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";
import {
  encodeEvent,
  encodeResize,
  type Pass,
  PosternError,
  type Reason,
  type Statement,
} from "../../../core/plugin.ts";
import { GuardedShell } from "../guarded/guarded-shell.ts";
import { terminalModes } from "../terminal-modes.ts";
import { admit, done } from "./admission.ts";
import type { Carriage } from "./carriage.ts";
import { Command } from "./command.ts";
import { mayBeSet } from "./environment.ts";
import { lostStatus, refusedStatus } from "./exit.ts";
import { type Ask, openAtHost } from "./host-channel.ts";
import { movesFiles } from "./kept-output.ts";
import { Outlet } from "./outlet.ts";
import { reasonOf } from "./reason.ts";
import { sendable } from "./sendable.ts";
import { refuseForward } from "./unsupported.ts";
import { Voice } from "./voice.ts";
import { Waiting } from "./waiting.ts";

/** Variables of one channel. */
const mostVariables = 64;

/** One channel of kind `session` (RFC 4254, 6): terminal and environment first, then one command, shell or subsystem. */
export class SessionChannel {
  #terminal: PseudoTtyInfo | undefined;
  readonly #environment: Record<string, string> = {};
  #agent: Promise<boolean> = Promise.resolve(false);
  #voice: Voice | undefined;
  #waiting: Waiting | undefined;
  #command: Command | undefined;
  #guarded: GuardedShell | undefined;
  readonly #closed = Promise.withResolvers<void>();
  /** Kept when nothing of it runs any more. */
  readonly over: Promise<void>;
  readonly #end: () => void;

  constructor(
    readonly carriage: Carriage,
    readonly session: Session,
    askForAgent: () => Promise<boolean>,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#end = resolve;
    const { terms } = carriage.caller;
    session.once("close", () => {
      this.#closed.resolve();
      this.#waiting?.abandon();
      this.#command?.abandon();
      if (!this.#voice) this.#end();
    });
    session.on("pty", (accept, reject, terminal) => {
      // Once something is asked for, it was judged without a terminal: a pager in one runs what is typed into it.
      if (!terms.pty || this.#voice) return reject?.();
      // ssh2 takes modes as they are encoded, too.
      const modes = terminalModes(carriage.caller.connection) as unknown as PseudoTtyInfo["modes"];
      this.#terminal = { ...terminal, modes };
      accept?.();
    });
    session.on("env", (accept, reject, { key, val }) => {
      const full = Object.keys(this.#environment).length >= mostVariables;
      if (this.#voice || full || !mayBeSet(key, val, carriage.config.env)) return reject?.();
      this.#environment[key] = val;
      accept?.();
    });
    session.on("window-change", (accept, _reject, size) => {
      if (this.#terminal) this.#terminal = { ...this.#terminal, ...size };
      this.#resized();
      const { number } = this.#voice ?? {};
      if (number !== undefined) carriage.tell(() => encodeResize(number, size.cols, size.rows));
      accept?.();
    });
    session.on("signal", (accept, _reject, { name }) => {
      this.#signal(name);
      accept?.();
    });
    session.on("auth-agent", (accept) => {
      if (terms.agentForwarding) this.#agent = askForAgent();
      accept?.();
    });
    session.on("x11", (_accept, reject) => {
      refuseForward(carriage, "x11");
      reject?.();
    });
    session.once("exec", (accept, _reject, { command }) => this.#start(accept(), { kind: "exec", command }));
    session.once("shell", (accept) => this.#start(accept(), { kind: "shell" }));
    session.once("subsystem", (accept, _reject, { name }) =>
      this.#start(accept(), { kind: "subsystem", name }),
    );
  }

  /** The whole connection is over, for this reason. Kept when the caller has seen it. */
  async leave(reason: Reason): Promise<void> {
    const running = this.#command ?? this.#guarded;
    if (running) running.leave(reason);
    else if (this.#voice) void this.#voice.leave(reason, { status: lostStatus });
    await this.#closed.promise;
  }

  #start(channel: ServerChannel, ask: Ask): void {
    if (this.#voice) return;
    const { carriage } = this;
    const outlet = new Outlet(channel, carriage.caller.connection);
    const voice = new Voice(carriage, carriage.number(), channel, outlet, this.#terminal !== undefined);
    this.#voice = voice;
    const { forcedCommand } = carriage.caller.terms;
    const runs: Ask = forcedCommand === undefined ? ask : { kind: "exec", command: forcedCommand };
    this.#run(voice, runs)
      .catch(async (error: unknown) => {
        await voice.leave(reasonOf(error), { status: lostStatus });
        if (!(error instanceof PosternError)) carriage.fail(error);
      })
      .finally(this.#end);
  }

  async #run(voice: Voice, ask: Ask): Promise<void> {
    const { carriage } = this;
    const { channel } = voice;
    if (ask.kind !== "shell") sendable(ask.kind === "exec" ? ask.command : ask.name);
    this.#waiting = new Waiting(voice, channel, carriage.limits.buffer);
    const guarded = ask.kind === "shell" && isGuarded(carriage);
    const statement = guarded ? carriage.statements.guardedShell() : this.#statement(ask);
    const pass = await admit(carriage, statement, this.#waiting);
    this.#waiting.over();
    this.#waiting = undefined;
    if ("deny" in pass) return await voice.leave(pass.deny, { status: refusedStatus });
    try {
      const terminal = this.#terminal;
      if (terminal) {
        const { term, cols: columns, rows } = terminal;
        carriage.tell(() => encodeEvent(voice.number, { event: "terminal", term, columns, rows }));
      }
      carriage.tell(() =>
        encodeEvent(voice.number, {
          event: "open",
          what: ask.kind === "subsystem" ? ask.name : guarded ? "guarded shell" : ask.kind,
          ...(ask.kind === "exec" ? { command: ask.command } : {}),
        }),
      );
      if (guarded) return await this.#runGuarded(voice, pass);
      const host = await openAtHost(carriage.host, ask, {
        terminal,
        environment: this.#environment,
        agent: await this.#agent,
      });
      this.#command = new Command(voice, channel, host, pass, kindOf(ask, terminal !== undefined));
      if (channel.destroyed || isClosed(channel)) host.channel.close();
      if (this.#terminal !== terminal) this.#resized();
      await this.#command.run();
    } finally {
      if (carriage.passes.has(pass)) done(carriage, pass, { result: "unknown" });
    }
  }

  async #runGuarded(voice: Voice, pass: Pass): Promise<void> {
    const around = { environment: this.#environment, terminal: () => this.#terminal };
    this.#guarded = new GuardedShell(voice, around);
    await pass.ready();
    await this.#guarded.run();
    done(this.carriage, pass, { result: "ok" });
  }

  #statement(ask: Ask): Statement {
    const { statements } = this.carriage;
    if (ask.kind === "exec") return statements.exec(ask.command, this.#terminal !== undefined);
    return ask.kind === "shell" ? statements.shell() : statements.subsystem(ask.name);
  }

  #resized(): void {
    const { rows, cols, height, width } = this.#terminal ?? {};
    if (rows === undefined || cols === undefined) return;
    this.#guarded?.resized();
    this.#command?.resize(rows, cols, height ?? 0, width ?? 0);
  }

  #signal(name: string): void {
    this.#waiting?.cancel();
    this.#guarded?.signal(name);
    this.#command?.signal(name);
  }
}

/** A free shell where a rule allows one; a guarded one where only that is allowed. */
function isGuarded({ gate, statements }: Carriage): boolean {
  const allows = (statement: Statement) => typeof gate.plan(statement).verdict === "string";
  return !allows(statements.shell()) && allows(statements.guardedShell());
}

function kindOf(ask: Ask, terminal: boolean): Command["kind"] {
  if (ask.kind === "subsystem") return ask.name === "sftp" ? "sftp" : "streams";
  return ask.kind === "exec" && !terminal && movesFiles(ask.command) ? "files" : "streams";
}

function isClosed(channel: ServerChannel): boolean {
  return (channel.incoming as { readonly state: string }).state === "closed";
}
