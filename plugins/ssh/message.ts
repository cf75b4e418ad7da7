import type { Duplex } from "node:stream";
import type { Connection } from "ssh2";
import type { Reason } from "../../core/plugin.ts";

/** What of ssh2's own protocol object the messages below need: ssh2 has no call for them. */
interface Protocol {
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      readonly allocStartKEX: number;
      alloc(length: number, atOnce: boolean): Buffer;
      finalize(packet: Buffer, atOnce: boolean): Buffer;
    };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
  /** Set while keys are exchanged: all else waits then. */
  readonly _kexinit: Buffer | undefined;
  _queue: Buffer[] | undefined;
  /** Gone once the connection is. */
  readonly _destruct?: unknown;
  readonly _kex: { readonly sessionID: Buffer };
  readonly _handlers: {
    GLOBAL_REQUEST(protocol: Protocol, name: string, wantsReply: boolean, data: unknown): void;
  };
  channelOpenFail(channel: number, reason: number, text: string): void;
  requestSuccess(data?: Buffer): void;
  requestFailure(): void;
}

const disconnected = 1;
const banner = 53;
const globalRequest = 80;
/** SSH_DISCONNECT_BY_APPLICATION (RFC 4253, 11.1). */
const byApplication = 11;
/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1). */
const prohibited = 1;

/** Global requests whose answers may wait at once, behind one that waits for a person. */
const mostOwed = 256;

/** Says why, as the client prints it, and closes the connection. */
export function disconnect(connection: Connection, text: string): void {
  const payload = Buffer.concat([
    Buffer.from([disconnected]),
    uint32(byApplication),
    string(text),
    string(""),
  ]);
  send(connection, payload, true);
  // Not `end()`: that says it once more, without a word.
  (connection as unknown as { readonly _sock: Duplex })._sock.end();
}

/** A text that the client shows before the login is over (RFC 4252, 5.4): lines with CR LF between them. */
export function sendBanner(connection: Connection, text: string): void {
  send(connection, Buffer.concat([Buffer.from([banner]), string(`${text}\r\n`), string("")]));
}

/**
 * Answers global requests of this name (RFC 4254, 4), which ssh2 refuses unseen: `answer` gives the reply's data.
 * Replies go in the order of the requests: while another one is owed, this one is refused. `tooMany`: more are owed
 * than a client has reason to ask for; of this one and what follows nothing is kept.
 */
export function onGlobalRequest(
  connection: Connection,
  name: string,
  answer: (data: Buffer, session: Buffer) => Buffer | undefined,
  tooMany: () => void,
): void {
  const protocol = protocolOf(connection);
  const { GLOBAL_REQUEST: others } = protocol._handlers;
  const [succeed, fail] = [protocol.requestSuccess, protocol.requestFailure];
  let owed = 0;
  protocol.requestSuccess = (data) => {
    owed--;
    succeed.call(protocol, data);
  };
  protocol.requestFailure = () => {
    owed--;
    fail.call(protocol);
  };
  protocol._handlers.GLOBAL_REQUEST = (self, asked, wantsReply, data) => {
    if (owed >= mostOwed) return tooMany();
    const first = owed === 0;
    if (wantsReply) owed++;
    const reply =
      asked === name && first && Buffer.isBuffer(data) ? answer(data, protocol._kex.sessionID) : undefined;
    if (reply && wantsReply) protocol.requestSuccess(reply);
    else others(self, asked, wantsReply, data);
  };
}

/** A global request that wants no answer. */
export function sendGlobalRequest(connection: Connection, name: string, data: Buffer): void {
  send(connection, Buffer.concat([Buffer.from([globalRequest]), string(name), Buffer.alloc(1), data]));
}

/** Says why a channel is not opened: ssh2's own `reject` has no words. */
export function refuseChannel(connection: Connection, reject: () => void, text: string): void {
  const protocol = protocolOf(connection);
  const plain = protocol.channelOpenFail;
  protocol.channelOpenFail = (channel) => plain.call(protocol, channel, prohibited, text);
  try {
    reject();
  } finally {
    protocol.channelOpenFail = plain;
  }
}

/** `session.denied: No rule … (ses_…). Ask for …` in one line. */
export function worded({ code, message, hint }: Reason, session?: string): string {
  const stop = hint === undefined || /[.!?]$/.test(message) ? "" : ".";
  const whose = session === undefined ? stop : ` [${session}]`;
  const text = `${code}: ${message}${whose}${hint === undefined ? "" : ` ${hint}`}`;
  return text.replaceAll(/\s+/g, " ");
}

/** A message of its own making (RFC 4253, 6). `atOnce`: also in the middle of a key exchange. */
export function send(connection: Connection, payload: Buffer, atOnce = false): void {
  const protocol = protocolOf(connection);
  if (!protocol._destruct) return;
  const { write } = protocol._packetRW;
  const packet = write.alloc(payload.length, atOnce);
  packet.set(payload, atOnce ? write.allocStartKEX : write.allocStart);
  const whole = write.finalize(packet, atOnce);
  if (atOnce || protocol._kexinit === undefined) {
    protocol._cipher.encrypt(whole);
    return;
  }
  protocol._queue ??= [];
  protocol._queue.push(whole);
}

function protocolOf(connection: Connection): Protocol {
  return (connection as unknown as { readonly _protocol: Protocol })._protocol;
}

/** SSH's `string` (RFC 4251, 5). */
export function string(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
