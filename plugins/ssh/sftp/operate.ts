import type { Action, Pass, Reason, Statement } from "../../../core/plugin.ts";
import { worded } from "../message.ts";
import type { Conversation } from "./conversation.ts";
import { leads } from "./forms.ts";
import { withholds } from "./masked.ts";
import { statuses } from "./message.ts";
import { shown } from "./path.ts";
import type { Place, Resolver } from "./resolve.ts";

/** A path as the caller named it, and whether a link at its end is followed. */
export interface Named {
  readonly path: string;
  readonly follows: boolean;
}

export interface Wish {
  readonly verb: string;
  readonly paths: readonly Named[];
  /** What else an approver must see: attributes, flags. */
  readonly more?: string;
  /** What the file holds would reach the caller, now or by another name. */
  readonly content?: boolean;
  /** The first path gets the second one's name: where it is a symbolic link, what that makes it lead to counts. */
  readonly carries?: boolean;
  actions(...paths: string[]): readonly Action[];
}

/** Where the paths of a wish lead now. */
interface Looked {
  readonly places: readonly Place[];
  /** What the first one says, where it is a link that gets another name; null: nobody knows. */
  readonly link?: string | null | undefined;
}

/** What may go to the host, once. */
export interface Granted {
  readonly pass: Pass;
  readonly statement: Statement;
  readonly paths: readonly string[];
}

const masked: Reason = {
  code: "sftp.masked",
  message: "What this file holds may only be seen masked, and a file that is read in pieces cannot be.",
  hint: "Read it by a command (`ssh … cat FILE`), whose output is masked, or ask for a rule without a mask.",
};
const changed: Reason = {
  code: "sftp.changed",
  message: "The path leads elsewhere since this was asked for, so it is not what was approved.",
  hint: "Send it again.",
};

/** Brings operations on paths to the gate. */
export class Operator {
  #said = "";

  constructor(
    readonly conversation: Conversation,
    readonly resolver: Resolver,
  ) {}

  /** undefined: refused, or it leads nowhere, and the caller has its answer. Throws Malformed. */
  async ask(id: number, wish: Wish): Promise<Granted | undefined> {
    const { places, link } = await this.#looked(wish);
    const paths = places.map(({ path }) => path);
    const [, to = ""] = paths;
    const statement = {
      text: `${textOf(wish, paths)}${link === undefined ? "" : ` (a link to ${link === null ? "*" : JSON.stringify(link)})`}`,
      actions: [...wish.actions(...paths), ...(link === undefined ? [] : leads(link, to))],
    };
    const { pass, held } = await this.admit(id, statement);
    if (!pass) return undefined;
    if (wish.content && withholds(pass.answer)) return this.#takeBack(id, pass, masked);
    const now: Looked = held ? await this.#looked(wish) : { places, link };
    if (now.link !== link || now.places.some(({ path }, index) => path !== paths[index]))
      return this.#takeBack(id, pass, changed);
    const nowhere = now.places.find((place) => place.nowhere)?.nowhere;
    if (!nowhere) return { pass, statement, paths };
    const code = nowhere.bytes.readUInt32BE(9);
    pass.end({ result: "error", code: String(code) });
    await this.conversation.status(id, code, "The path leads nowhere.");
    return undefined;
  }

  /** Without a pass: refused, and the caller has its answer. */
  async admit(
    id: number,
    statement: Statement,
    status: number = statuses.permissionDenied,
  ): Promise<{ readonly pass?: Pass; readonly held: boolean }> {
    const { gate, held: tell } = this.conversation.ends;
    let held = false;
    const answer = await gate.begin(gate.plan(statement), {
      inTransaction: false,
      held: (hold) => {
        held = true;
        tell(hold);
      },
    });
    if (!("deny" in answer)) return { pass: answer, held };
    await this.refuse(id, answer.deny, status);
    return { held };
  }

  /** Said on the error output as well, once in a row: few clients show a STATUS's text. */
  refuse(id: number, reason: Reason, status: number = statuses.permissionDenied): Promise<void> | undefined {
    const { ends } = this.conversation;
    const by =
      reason.rule === undefined ? reason : { ...reason, message: `${reason.message} (rule ${reason.rule})` };
    const text = worded(by, ends.gate.session.id);
    if (text !== this.#said) ends.refused(reason);
    this.#said = text;
    return this.conversation.status(id, status, text);
  }

  #takeBack(id: number, pass: Pass, reason: Reason): undefined {
    pass.end({ result: "cancelled", code: reason.code });
    void this.refuse(id, reason);
    return undefined;
  }

  async #looked({ verb, paths, carries, actions }: Wish): Promise<Looked> {
    const places = await Promise.all(paths.map(({ path, follows }) => this.resolver.place(path, follows)));
    const [from] = places;
    if (!carries || !from || from.nowhere) return { places };
    // What no rule allows in any case, the host is not asked about.
    const statement = { text: verb, actions: actions(...places.map(({ path }) => path)) };
    const { verdict } = this.conversation.ends.gate.plan(statement);
    return typeof verdict === "object" ? { places } : { places, link: await this.resolver.link(from.path) };
  }
}

function textOf({ verb, more = "" }: Wish, paths: readonly string[]): string {
  return `${[verb, ...paths.map(shown)].join(" ")}${more}`;
}
