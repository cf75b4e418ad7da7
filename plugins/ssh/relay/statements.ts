import type { Action, Classified, Statement } from "../../../core/plugin.ts";
import { type HostShell, readCommand } from "../command/index.ts";

const most = 256;

/** The operations of one connection: the gate keeps what it knows of a statement by the object itself. */
export class Statements {
  readonly #known = new Map<string, Statement>();

  constructor(readonly hostShell: HostShell = "sh") {}

  /** `terminal`: it was asked for with one. */
  exec(command: string, terminal: boolean): Statement {
    return this.#of(
      command,
      () => readCommand(command, { terminal, shell: this.hostShell }),
      terminal ? "terminal" : "exec",
    );
  }

  shell(): Statement {
    return this.#of("(shell)", () => does("execute", "(shell)"));
  }

  /** Each of its lines is an operation of its own. */
  guardedShell(): Statement {
    return this.#of("(guarded shell)", () => does("execute", "(guarded shell)"));
  }

  /** `sftp` does nothing by itself: each of its requests is an operation. */
  subsystem(name: string): Statement {
    if (name === "sftp") return this.#of("(subsystem sftp)", () => ({ actions: [] }));
    return this.#of(`(subsystem ${name})`, () => does("execute", `(subsystem ${name})`));
  }

  /** `tcp db.internal:5432`, `unix /run/x.sock`, `listen 127.0.0.1:8080`, `agent`. */
  connect(on: string): Statement {
    return this.#of(`connect ${on}`, () => does("connect", on));
  }

  #of(text: string, read: () => Classified, kind = "own"): Statement {
    const key = `${kind} ${text}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= most) this.#known.clear();
    const { actions, unclear } = read();
    const statement = { text, actions, ...(unclear === undefined ? {} : { unclear: () => unclear }) };
    this.#known.set(key, statement);
    return statement;
  }
}

function does(effect: Action["effect"], on: string): Classified {
  return { actions: [{ effect, on }] };
}
