import { PosternError } from "../../../core/plugin.ts";
import { Malformed } from "../keys/fields.ts";
import { uint32 } from "../message.ts";
import { type Conversation, mostHandles } from "./conversation.ts";
import {
  copyData,
  freeExtensions,
  handleExtensions,
  homeExtensions,
  pathExtensions,
  pathForms,
} from "./forms.ts";
import { HandleRequests } from "./handle-requests.ts";
import { homeRequest } from "./home.ts";
import { withholds } from "./masked.ts";
import { type Message, statuses, types, version } from "./message.ts";
import { Operator } from "./operate.ts";
import { OwedOperation, OwedUse } from "./owed.ts";
import { fieldsOf, PathRequests } from "./path-requests.ts";
import { Resolver } from "./resolve.ts";

/** What the caller asks, one request after the other: the next is looked at when this one has been sent or refused. */
export class Asked {
  readonly #paths: PathRequests;
  readonly #handles: HandleRequests;
  readonly #operator: Operator;
  readonly #resolver: Resolver;
  #begun = false;

  constructor(
    readonly conversation: Conversation,
    /** Kept when the host has answered INIT. */
    readonly ready: Promise<void>,
  ) {
    this.#resolver = new Resolver(conversation);
    this.#operator = new Operator(conversation, this.#resolver);
    this.#paths = new PathRequests(conversation, this.#operator);
    this.#handles = new HandleRequests(conversation, this.#operator);
  }

  /** A promise: the next one waits for it. Throws or rejects with Malformed. */
  take(message: Message): Promise<void> | undefined {
    if (!this.#begun) return this.#begin(message);
    if (this.conversation.owed.has(message.id)) throw new Malformed("a number is used twice at once");
    return this.#dispatch(message)?.catch(async (error) => {
      if (!(error instanceof PosternError)) throw error;
      await this.#operator.refuse(message.id, error.reason, statuses.failure);
    });
  }

  #dispatch(message: Message): Promise<void> | undefined {
    const { type, id } = message;
    switch (type) {
      case types.close:
      case types.read:
      case types.write:
      case types.fstat:
      case types.readdir:
        return this.#handles.use(message);
      case types.open:
        return this.#full(id) ?? this.#paths.open(message);
      case types.symlink:
        return this.#paths.symlink(message);
      case types.fsetstat:
        return this.#handles.setstat(message);
      case types.extended:
        return this.#extended(message, fieldsOf(message).text());
    }
    const form = pathForms.get(type);
    if (!form) return this.#unknown(message, `type ${type}`);
    return (type === types.opendir ? this.#full(id) : undefined) ?? this.#paths.formed(message, form);
  }

  async #begin({ type }: Message): Promise<void> {
    if (type !== types.init) throw new Malformed("the first message is no INIT");
    this.#begun = true;
    // No later version than the one that is understood here, and no extension of the caller's.
    await this.conversation.ends.toHost(
      Buffer.concat([uint32(5), Buffer.from([types.init]), uint32(version)]),
    );
    await this.ready;
    await this.#resolver.learnHome();
  }

  #extended(message: Message, name: string): Promise<void> | undefined {
    const { conversation } = this;
    const form = pathExtensions.get(name);
    if (form) return this.#paths.formed(message, form, name);
    if (handleExtensions.has(name)) return this.#handles.extended(message, name);
    if (name === copyData) return this.#handles.copy(message, name);
    if (homeExtensions.has(name)) {
      return homeRequest(message, name, conversation, this.#operator, this.#resolver);
    }
    if (freeExtensions.has(name)) return this.#free(message);
    return this.#unknown(message, `extension ${JSON.stringify(name)}`);
  }

  /** Its answer may hold names of people, and no rule decides it: under any mask the client does without. */
  #free({ id, pieces }: Message): Promise<void> | undefined {
    const { conversation } = this;
    if (!withholds(conversation.ends.gate.unasked())) {
      return conversation.request(id, new OwedUse(undefined), pieces);
    }
    return conversation.status(id, statuses.unsupported, "Its answer could not be masked.");
  }

  /** Goes on as it is, where a rule lets the caller do what is not understood. */
  async #unknown(message: Message, what: string): Promise<void> {
    const statement = { text: `sftp ${what}`, actions: [{ effect: "unknown" as const, on: "*" }] };
    const { pass } = await this.#operator.admit(message.id, statement, statuses.unsupported);
    if (!pass) return;
    if (!withholds(pass.answer)) {
      await this.conversation.request(message.id, new OwedOperation(pass), message.pieces);
      return;
    }
    pass.end({ result: "cancelled", code: "sftp.masked" });
    await this.conversation.status(message.id, statuses.unsupported, "Its answer could not be masked.");
  }

  #full(id: number): Promise<void> | undefined {
    if (this.conversation.files.size < mostHandles) return undefined;
    return this.conversation.status(id, statuses.failure, "Too many files are open.") ?? Promise.resolve();
  }
}
