import { Fields, Malformed } from "../keys/fields.ts";
import type { Conversation } from "./conversation.ts";
import { bodyAt, type Message, statuses, statusOf, types } from "./message.ts";
import { canonical, joined, pathText, split } from "./path.ts";

/** Where a path leads on the host. */
export interface Place {
  /** Canonical; what is decided on, and what the host is sent. */
  readonly path: string;
  /** The host's answer in case that it leads nowhere: that of the request as well. */
  readonly nowhere?: Message;
}

/**
 * Asks the host where paths lead, so that a symbolic link out of a folder is judged by its end. What the host is sent
 * then has no link in it, save where somebody puts one there in between.
 */
export class Resolver {
  #home = "/";

  constructor(readonly conversation: Conversation) {}

  /** Where relative paths begin. */
  async learnHome(): Promise<void> {
    this.#home = realPathIn(await this.conversation.askPath(types.realpath, ".")) ?? "/";
  }

  get home(): string {
    return this.#home;
  }

  /** `follows`: whether a link at the path's end is followed too. Throws Malformed. */
  async place(path: string, follows: boolean): Promise<Place> {
    const parts = follows ? undefined : split(path);
    const asked = parts ? parts.folder : path === "" ? "." : path;
    const answer = await this.conversation.askPath(types.realpath, asked);
    const real = realPathIn(answer);
    if (real === undefined) return { path: canonical(path, this.#home), nowhere: answer };
    return { path: parts ? joined(real, parts.name) : real };
  }

  /** What the symbolic link at this place says. undefined: there is none; null: the host does not tell. Throws Malformed. */
  async link(path: string): Promise<string | null | undefined> {
    const answer = await this.conversation.askPath(types.readlink, path);
    if (answer.type !== types.status) return nameIn(answer) ?? null;
    const status = statusOf(answer);
    return status === statuses.permissionDenied || status === statuses.unsupported ? null : undefined;
  }
}

/** The one name in a NAME; undefined: it is no text, or there are more. Throws Malformed. */
function nameIn({ type, bytes }: Message): string | undefined {
  const fields = new Fields(bytes.subarray(bodyAt));
  return type === types.name && fields.uint32() === 1 ? pathText(fields.bytesField()) : undefined;
}

/** Where a path leads; undefined: the answer is a STATUS. Throws Malformed. */
function realPathIn(message: Message): string | undefined {
  if (message.type === types.status) return undefined;
  const path = nameIn(message);
  // Windows' servers have `/C:/Users`; nobody has what is not canonical.
  if (path === undefined || canonical(path, "/") !== path) throw new Malformed("the host's path is none");
  return path;
}
