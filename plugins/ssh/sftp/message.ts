import { Malformed } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";

/** The kinds of messages of SFTP version 3 (draft-ietf-secsh-filexfer-02, 3). */
export const types = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

/** What a STATUS says (7). */
export const statuses = {
  ok: 0,
  eof: 1,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const;

/** What an OPEN asks for (6.3). */
export const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

export const version = 3;

/**
 * One whole message, its length field included. `bytes` has its beginning in one view, and all of it unless it is
 * one that carries a file's content; `pieces` is the whole, as views of what arrived.
 */
export interface Message {
  readonly type: number;
  /** Of the request that it is or that it answers; of INIT and VERSION: the version. */
  readonly id: number;
  readonly bytes: Buffer;
  readonly length: number;
  readonly pieces: readonly Buffer[];
}

/** Where what follows length, type and id begins. */
export const bodyAt = 9;

export function encode(type: number, id: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(5 + body.length), Buffer.from([type]), uint32(id), body]);
}

/** `text` is what some clients show. */
export function encodeStatus(id: number, code: number, text: string | Uint8Array): Buffer {
  return encode(types.status, id, uint32(code), string(text), string(""));
}

/** Throws Malformed. */
export function statusOf({ type, bytes }: Message): number {
  if (type !== types.status || bytes.length < bodyAt + 4) throw new Malformed("a STATUS is none");
  return bytes.readUInt32BE(bodyAt);
}
