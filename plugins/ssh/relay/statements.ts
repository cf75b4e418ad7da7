import type { Action, Statement } from "../../../core/plugin.ts";

const most = 256;

/** The operations of one connection: the gate keeps what it knows of a statement by the object itself. */
export class Statements {
  readonly #known = new Map<string, Statement>();

  constructor(readonly classify: (command: string) => readonly Action[]) {}

  exec(command: string): Statement {
    return this.#of(command, () => this.classify(command));
  }

  shell(): Statement {
    return this.#of("(shell)", () => [{ effect: "execute", on: "(shell)" }]);
  }

  subsystem(name: string): Statement {
    return this.#of(`(subsystem ${name})`, () => [{ effect: "execute", on: `(subsystem ${name})` }]);
  }

  /** `tcp db.internal:5432`, `unix /run/x.sock`, `listen 127.0.0.1:8080`, `agent`. */
  connect(on: string): Statement {
    return this.#of(`connect ${on}`, () => [{ effect: "connect", on }]);
  }

  #of(text: string, actions: () => readonly Action[]): Statement {
    const known = this.#known.get(text);
    if (known) return known;
    if (this.#known.size >= most) this.#known.clear();
    const statement = { text, actions: actions() };
    this.#known.set(text, statement);
    return statement;
  }
}
