import { PosternError } from "../../../core/plugin.ts";
import { Fields, Malformed } from "../keys/fields.ts";
import { string } from "../message.ts";
import { attributesText } from "./attributes.ts";
import type { Conversation } from "./conversation.ts";
import { leads, type PathForm } from "./forms.ts";
import { bodyAt, encode, type Message, types } from "./message.ts";
import { OpenFile } from "./open-file.ts";
import { openFile } from "./opening.ts";
import type { Granted, Operator, Wish } from "./operate.ts";
import { OwedHandle, OwedOperation } from "./owed.ts";
import { pathText } from "./path.ts";

/** Requests that name paths. Each is decided on the paths that the host means, and sent on with those. */
export class PathRequests {
  constructor(
    readonly conversation: Conversation,
    readonly operator: Operator,
  ) {}

  /** `extension`: what an EXTENDED message is called. Throws Malformed. */
  async formed(message: Message, form: PathForm, extension?: string): Promise<void> {
    const { id, type } = message;
    const fields = fieldsOf(message, extension);
    const named = form.follows.map((follows) => ({ path: pathField(fields), follows }));
    const from = fields.at;
    const more = form.attributes ? attributesText(fields) : "";
    fields.end();
    const first = named[0]?.path ?? "";
    const home = type === types.realpath && (first === "" || first === ".");
    // Where a session begins is nothing that a rule could keep from it.
    if (home) return await this.#send(id, encode(type, id, string(".")));
    // `lstat link/` is one of what the link leads to.
    const paths = type === types.lstat && first.endsWith("/") ? [{ path: first, follows: true }] : named;
    const wish: Wish = {
      verb: form.verb,
      paths,
      more,
      actions: form.actions,
      ...(form.carries ? { content: true, carries: true } : {}),
    };
    const granted = await this.operator.ask(id, wish);
    if (!granted) return;
    const parts = [...granted.paths.map((path) => string(path)), fields.bytes.subarray(from)];
    const name = extension === undefined ? [] : [string(extension)];
    const sent = encode(type, id, ...name, ...parts);
    if (type === types.opendir) return await this.#openFolder(id, granted, sent);
    await this.#operation(
      id,
      granted,
      form.verb,
      sent,
      form.actions("", "").some(({ effect }) => effect !== "read"),
    );
  }

  /** OPEN (draft-ietf-secsh-filexfer-02, 6.3). Throws Malformed. */
  async open(message: Message): Promise<void> {
    const fields = fieldsOf(message);
    const path = pathField(fields);
    const from = fields.at;
    const as = openFile(fields.uint32());
    const more = `${as.text}${attributesText(fields)}`;
    fields.end();
    const granted = await this.operator.ask(message.id, {
      verb: "open",
      paths: [{ path, follows: !as.exclusive }],
      more,
      content: as.reads,
      actions: as.actions,
    });
    if (!granted) return;
    const [real = ""] = granted.paths;
    const file = new OpenFile(real, granted.statement, granted.pass, { folder: false, ...as });
    await this.#opening(
      message.id,
      file,
      encode(message.type, message.id, string(real), fields.bytes.subarray(from)),
    );
  }

  /**
   * SYMLINK, its two paths the way round that OpenSSH has them: what the link says, then the link. A server that has
   * them as the draft does gets two paths that the rules let the caller write, either way.
   */
  async symlink(message: Message): Promise<void> {
    const { id, type } = message;
    const fields = fieldsOf(message);
    const says = pathField(fields);
    const link = pathField(fields);
    fields.end();
    const granted = await this.operator.ask(id, {
      verb: "symlink",
      paths: [{ path: link, follows: false }],
      more: ` to ${JSON.stringify(says)}`,
      actions: (real) => [...leads(says, real), { effect: "write", on: real }],
    });
    if (!granted) return;
    const [real = ""] = granted.paths;
    await this.#operation(id, granted, "symlink", encode(type, id, string(says), string(real)), true);
  }

  async #openFolder(
    id: number,
    { paths: [real = ""], statement, pass }: Granted,
    sent: Buffer,
  ): Promise<void> {
    await this.#opening(
      id,
      new OpenFile(real, statement, pass, { folder: true, reads: true, writes: false }),
      sent,
    );
  }

  async #opening(id: number, file: OpenFile, sent: Buffer): Promise<void> {
    const { files } = this.conversation;
    const owed = new OwedHandle(file, (handle) => {
      if (files.has(handle)) throw new Malformed("the host gave a handle twice");
      files.set(handle, file);
    });
    await this.conversation.request(id, owed, [sent]);
  }

  async #operation(
    id: number,
    granted: Granted,
    verb: string,
    sent: Buffer,
    changes: boolean,
  ): Promise<void> {
    const [path = "", to] = granted.paths;
    const owed = new OwedOperation(granted.pass, (ok) => {
      const operation = to === undefined ? verb : `${verb} to ${to}`;
      if (ok && changes) this.conversation.ends.note({ event: "file", operation, path });
    });
    await this.conversation.request(id, owed, [sent]);
  }

  async #send(id: number, sent: Buffer): Promise<void> {
    await this.conversation.request(id, { answered: ({ pieces }) => pieces, abandoned: () => {} }, [sent]);
  }
}

/** Behind the id, and the name of an extension. Throws Malformed. */
export function fieldsOf({ bytes }: Message, extension?: string): Fields {
  const fields = new Fields(bytes.subarray(bodyAt));
  if (extension !== undefined) fields.bytesField();
  return fields;
}

/** Throws Malformed, PosternError `sftp.path`. */
export function pathField(fields: Fields): string {
  const path = pathText(fields.bytesField());
  if (path !== undefined) return path;
  throw new PosternError(
    "sftp.path",
    "The path is no UTF-8 or has a NUL in it, so no rule can speak of it.",
    {
      hint: "Rename it on the host, or name it in a command with escapes that the host's shell understands.",
    },
  );
}
