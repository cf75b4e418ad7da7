import { Malformed } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";
import { Asked } from "./asked.ts";
import { Conversation } from "./conversation.ts";
import type { SftpEnds } from "./ends.ts";
import { announced } from "./forms.ts";
import { Framer } from "./framer.ts";
import { type Message, types, version } from "./message.ts";
import { OneByOne } from "./one-by-one.ts";
import { fieldsOf } from "./path-requests.ts";

/**
 * Carries an SFTP conversation (version 3, draft-ietf-secsh-filexfer-02, with OpenSSH's extensions) through the gate.
 * Requests reach the host in the caller's order, and what waits for a person holds up those behind it. Resolves
 * when the host has said its last; rejects with Malformed when one side says what is no SFTP.
 */
export async function relaySftp(ends: SftpEnds): Promise<void> {
  const conversation = new Conversation(ends);
  const ready = Promise.withResolvers<void>();
  const broken = Promise.withResolvers<never>();
  // The one who waits may have left.
  for (const each of [ready, broken]) each.promise.catch(() => {});
  const asked = new Asked(conversation, ready.promise);
  let said = false;

  const answer = (message: Message): Promise<void> | undefined => {
    if (!said) {
      said = true;
      const waits = ends.toCaller(versionFor(message));
      ready.resolve();
      return waits;
    }
    const owed = conversation.settle(message.id);
    const safe = owed.pass?.ready();
    if (safe) return safe.then(() => send(owed.answered(message)));
    return send(owed.answered(message));
  };
  const send = (pieces: readonly Buffer[] = []): Promise<void> | undefined => {
    let waits: Promise<void> | undefined;
    for (const piece of pieces) waits = ends.toCaller(piece) ?? waits;
    return waits;
  };

  const asking = new OneByOne(ends.caller, new Framer(), (message) => asked.take(message));
  const answering = new OneByOne(ends.host, new Framer(), answer);
  asking.over.then(() => ends.endHost(), broken.reject);
  try {
    await Promise.race([answering.over, broken.promise]);
  } finally {
    ready.reject(new Malformed("the host left"));
    conversation.abandon();
    asking.stop();
    answering.stop();
  }
}

/** The host's VERSION (4), with those of its extensions that are understood here. Throws Malformed. */
function versionFor(message: Message): Buffer {
  if (message.type !== types.version || message.id !== version) {
    throw new Malformed(`the host does not speak version ${version}`);
  }
  const fields = fieldsOf(message);
  const pairs: Buffer[] = [];
  while (!fields.done) {
    const [name, value] = [fields.bytesField(), fields.bytesField()];
    if (announced(name.toString("latin1"))) pairs.push(string(name), string(value));
  }
  const body = Buffer.concat([Buffer.from([types.version]), uint32(version), ...pairs]);
  return Buffer.concat([uint32(body.length), body]);
}
