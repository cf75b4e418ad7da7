import { type Action, type Classified, nothing } from "../../../core/plugin.ts";

/** What the caller's command runs under, beside its text. */
export interface CommandContext {
  /** The command has a terminal: programs then show their output through a pager, which runs others. */
  readonly terminal?: boolean;
  /** Other commands follow in the same shell: what this one leaves running would print among their answers. */
  readonly stays?: boolean;
  readonly shell?: HostShell;
}

/** `sh`: /bin/sh, dash or bash, on all that they agree on. `other`: a shell whose language nobody here reads. */
export const hostShells = ["sh", "other"] as const;
export type HostShell = (typeof hostShells)[number];

/** What one text turned out to do. */
export class Reading {
  readonly context: CommandContext;
  readonly #actions = new Map<string, Action>();
  #depth = 0;
  #size = 0;
  #unclear: string | undefined;

  constructor(context: CommandContext) {
    this.context = context;
  }

  add(action: Action): void {
    this.#size += action.on.length;
    if (this.#actions.size >= most || this.#size > longest)
      return this.unknown("it does more than is listed");
    this.#actions.set(`${action.effect} ${action.on}`, action);
  }

  /** Something in it cannot be told. `what`: which word, or why; it may quote the text. */
  unknown(what: string): void {
    this.#unclear ??= what.slice(0, mostWords);
    this.#actions.set("unknown", { effect: "unknown", on: "*" });
  }

  /** A command inside of another: a substitution, what a wrapper runs. */
  within(run: () => void): void {
    if (this.#depth >= deepest) {
      this.unknown("it nests too deep");
      return;
    }
    this.#depth++;
    run();
    this.#depth--;
  }

  found(): Classified {
    const actions: readonly Action[] =
      this.#actions.size > 0 ? [...this.#actions.values()] : [{ effect: "execute", on: nothing }];
    return this.#unclear === undefined ? { actions } : { actions, unclear: this.#unclear };
  }
}

const most = 1_000;
/** Characters of all targets: they are written to the trail. */
const longest = 65_536;
const deepest = 32;
/** Characters of what is said of the first thing that cannot be told. */
const mostWords = 300;
