import { backend, type Status, status } from "./message.ts";
import { BodyReader, malformed } from "./read.ts";
import { cstring, int8, int32, message } from "./write.ts";

/** What a server says of the session as a whole: status, settings, keys, notifications. */

export function readyForQuery(state: Status): Buffer {
  return message(backend.readyForQuery, int8(state));
}

/** Decodes the body of a ReadyForQuery. */
export function readyStatus(view: Buffer, start: number, end: number): Status {
  const body = new BodyReader(view, start, end, "ReadyForQuery");
  const state = body.int8();
  body.done();
  if (state === status.idle || state === status.transaction || state === status.failed) return state;
  throw malformed("ReadyForQuery", `no status has the number ${state}`);
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(backend.parameterStatus, cstring(name), cstring(value));
}

/** Decodes the body of a ParameterStatus. */
export function parameterStatusOf(view: Buffer, start: number, end: number): { name: string; value: string } {
  const body = new BodyReader(view, start, end, "ParameterStatus");
  const pair = { name: body.string(), value: body.string() };
  body.done();
  return pair;
}

/** What a cancel request must show. `secret`: 4 bytes in protocol 3.0, up to 256 in 3.2. */
export interface CancelKey {
  readonly processId: number;
  readonly secret: Uint8Array;
}

export function backendKeyData(key: CancelKey): Buffer {
  return message(backend.backendKeyData, int32(key.processId), key.secret);
}

/** Decodes the body of a BackendKeyData. */
export function cancelKeyOf(view: Buffer, start: number, end: number): CancelKey {
  const body = new BodyReader(view, start, end, "BackendKeyData");
  const processId = body.int32();
  if (body.left < 4 || body.left > 256) throw malformed("BackendKeyData", `a key of ${body.left} bytes`);
  return { processId, secret: Buffer.from(body.bytes(body.left)) };
}

/** Decodes the body of a CommandComplete: `UPDATE 3`. */
export function commandTag(view: Buffer, start: number, end: number): string {
  const body = new BodyReader(view, start, end, "CommandComplete");
  const tag = body.string();
  body.done();
  return tag;
}

export function commandComplete(tag: string): Buffer {
  return message(backend.commandComplete, cstring(tag));
}

export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

/** Decodes the body of a NotificationResponse. */
export function notification(view: Buffer, start: number, end: number): Notification {
  const body = new BodyReader(view, start, end, "NotificationResponse");
  const told = { processId: body.int32(), channel: body.string(), payload: body.string() };
  body.done();
  return told;
}

export function notificationResponse(told: Notification): Buffer {
  return message(
    backend.notificationResponse,
    int32(told.processId),
    cstring(told.channel),
    cstring(told.payload),
  );
}
