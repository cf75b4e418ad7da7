import { Malformed } from "../keys/fields.ts";
import { attributesText } from "./attributes.ts";
import type { Conversation } from "./conversation.ts";
import { look } from "./forms.ts";
import { bodyAt, type Message, statuses, types } from "./message.ts";
import type { OpenFile } from "./open-file.ts";
import type { Operator } from "./operate.ts";
import { handleAt, OwedClose, OwedOperation, OwedRead, OwedUse, OwedWrite } from "./owed.ts";
import { shown } from "./path.ts";
import { fieldsOf } from "./path-requests.ts";

/** Requests that name an open handle. What opening it allowed goes on, as long as the policy would allow it again. */
export class HandleRequests {
  constructor(
    readonly conversation: Conversation,
    readonly operator: Operator,
  ) {}

  /** CLOSE, READ, WRITE, FSTAT, READDIR. Throws Malformed. */
  use(message: Message): Promise<void> | undefined {
    const { conversation } = this;
    const key = handleAt(message);
    const file = conversation.files.get(key);
    if (!file) return this.#unknown(message);
    const { id, type, pieces } = message;
    if (type === types.close) {
      // The host may give the same handle again in its next answer.
      conversation.files.delete(key);
      return conversation.request(id, new OwedClose(file, conversation.ends.note), pieces);
    }
    const denied = this.#denied(message, file);
    if (denied !== undefined) return denied.told;
    if (type === types.read) {
      if (!file.as.reads) return this.#unknown(message);
      return conversation.request(id, new OwedRead(file, offsetAt(message, key.length)), pieces);
    }
    if (type === types.write) {
      if (!file.as.writes) return this.#unknown(message);
      const skip = bodyAt + 4 + key.length + 12;
      const length = message.length - skip;
      if (length < 0 || message.bytes.readUInt32BE(skip - 4) !== length)
        throw new Malformed("a WRITE is none");
      file.written.add(offsetAt(message, key.length), pieces, skip, length);
      return conversation.request(id, new OwedWrite(file), pieces);
    }
    return conversation.request(id, new OwedUse(file), pieces);
  }

  /** An extension that names one handle. Throws Malformed. */
  extended(message: Message, extension: string): Promise<void> | undefined {
    const fields = fieldsOf(message, extension);
    const file = this.conversation.files.get(fields.bytesField().toString("latin1"));
    fields.end();
    if (!file) return this.#unknown(message);
    const denied = this.#denied(message, file);
    if (denied !== undefined) return denied.told;
    return this.conversation.request(message.id, new OwedUse(file), message.pieces);
  }

  /** FSETSTAT: an operation on the path that the handle was opened by. Throws Malformed. */
  async setstat(message: Message): Promise<void> {
    const { conversation, operator } = this;
    const fields = fieldsOf(message);
    const file = conversation.files.get(fields.bytesField().toString("latin1"));
    const more = attributesText(fields);
    fields.end();
    if (!file) return await this.#unknown(message);
    const { path } = file;
    const statement = {
      text: `fsetstat ${shown(path)}${more}`,
      actions: [{ effect: "write" as const, on: path }],
    };
    const { pass } = await operator.admit(message.id, statement);
    if (!pass) return;
    const owed = new OwedOperation(pass, (ok) => {
      if (ok) conversation.ends.note({ event: "file", operation: "fsetstat", path });
    });
    await conversation.request(message.id, owed, message.pieces);
  }

  /** From one open file to another, at the host (OpenSSH's PROTOCOL, copy-data). Throws Malformed. */
  async copy(message: Message, extension: string): Promise<void> {
    const { conversation, operator } = this;
    const fields = fieldsOf(message, extension);
    const from = conversation.files.get(fields.bytesField().toString("latin1"));
    const [offset, length] = [fields.uint64(), fields.uint64()];
    const to = conversation.files.get(fields.bytesField().toString("latin1"));
    const at = fields.uint64();
    fields.end();
    if (!from?.as.reads || !to?.as.writes) return await this.#unknown(message);
    const { pass } = await operator.admit(message.id, {
      text: `copy-data ${shown(from.path)} offset=${offset} length=${length} ${shown(to.path)} offset=${at}`,
      actions: [look(from.path), { effect: "write", on: to.path }],
    });
    if (!pass) return;
    to.written.broken();
    const owed = new OwedOperation(pass, (ok) => {
      const operation = `copy-data to ${to.path}`;
      if (ok) conversation.ends.note({ event: "file", operation, path: from.path });
    });
    await conversation.request(message.id, owed, message.pieces);
  }

  /** Present: a policy of today does not allow what an older one did. */
  #denied({ id }: Message, file: OpenFile): { readonly told: Promise<void> | undefined } | undefined {
    const { verdict } = this.conversation.ends.gate.plan(file.statement);
    return typeof verdict === "object" ? { told: this.operator.refuse(id, verdict.deny) } : undefined;
  }

  #unknown({ id }: Message): Promise<void> | undefined {
    return this.conversation.status(id, statuses.failure, "No such handle is open for that.");
  }
}

/** Behind a handle of this length: an offset in the file. Beyond 2^53 it is no exact number. Throws Malformed. */
function offsetAt({ bytes }: Message, handle: number): number {
  const at = bodyAt + 4 + handle;
  if (bytes.length < at + 12) throw new Malformed("an offset is missing");
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
