import type { Action, Statement } from "../../../core/plugin.ts";
import { classifyCommand, type HostShell } from "../command/index.ts";

const most = 256;

/** The operations of one connection: the gate keeps what it knows of a statement by the object itself. */
export class Statements {
  readonly #known = new Map<string, Statement>();

  constructor(readonly hostShell: HostShell = "sh") {}

  /** `terminal`: it was asked for with one. */
  exec(command: string, terminal: boolean): Statement {
    return this.#of(
      command,
      () => classifyCommand(command, { terminal, shell: this.hostShell }),
      terminal ? "terminal" : "exec",
    );
  }

  shell(): Statement {
    return this.#of("(shell)", () => [{ effect: "execute", on: "(shell)" }]);
  }

  /** Each of its lines is an operation of its own. */
  guardedShell(): Statement {
    return this.#of("(guarded shell)", () => [{ effect: "execute", on: "(guarded shell)" }]);
  }

  /** `sftp` does nothing by itself: each of its requests is an operation. */
  subsystem(name: string): Statement {
    if (name === "sftp") return this.#of("(subsystem sftp)", () => []);
    return this.#of(`(subsystem ${name})`, () => [{ effect: "execute", on: `(subsystem ${name})` }]);
  }

  /** `tcp db.internal:5432`, `unix /run/x.sock`, `listen 127.0.0.1:8080`, `agent`. */
  connect(on: string): Statement {
    return this.#of(`connect ${on}`, () => [{ effect: "connect", on }]);
  }

  #of(text: string, actions: () => readonly Action[], kind = "own"): Statement {
    const key = `${kind} ${text}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= most) this.#known.clear();
    const statement = { text, actions: actions() };
    this.#known.set(key, statement);
    return statement;
  }
}
