import { backend } from "./message.ts";
import { BodyReader, malformed } from "./read.ts";
import type { CancelKey } from "./session.ts";
import { cstring, int8, int32, message, untyped } from "./write.ts";

/**
 * What a caller sends first (PostgreSQL 18, "StartupMessage", "SSLRequest", "GSSENCRequest",
 * "CancelRequest"): a length that counts itself, a code, a body; no type byte.
 */

/** The server's own limit for a start-up packet, in bytes. */
export const maxStartup = 10_000;

export const protocolVersion = { v3_0: 0x0003_0000, v3_2: 0x0003_0002 } as const;
const codes = { cancel: 80_877_102, ssl: 80_877_103, gss: 80_877_104 } as const;

export interface EncryptionRequest {
  readonly kind: "ssl" | "gss";
}

export type StartupPacket =
  | EncryptionRequest
  | { readonly kind: "cancel"; readonly key: CancelKey }
  | { readonly kind: "startup"; readonly version: number; readonly parameters: ReadonlyMap<string, string> }
  /** Terminate: the client has thought better of it before it said anything. */
  | { readonly kind: "farewell" }
  /** A major version other than 3. Its body is not read: nobody knows its form. */
  | { readonly kind: "foreign"; readonly version: number };

/** Decodes a start-up packet, its length word left out. */
export function startupPacket(view: Buffer, start: number, end: number): StartupPacket {
  const body = new BodyReader(view, start, end, "start-up packet");
  const code = body.int32();
  if (code === codes.ssl || code === codes.gss) {
    body.done();
    return { kind: code === codes.ssl ? "ssl" : "gss" };
  }
  if (code === codes.cancel) {
    const processId = body.int32();
    if (body.left < 4 || body.left > 256) throw malformed("CancelRequest", `a key of ${body.left} bytes`);
    return { kind: "cancel", key: { processId, secret: Buffer.from(body.bytes(body.left)) } };
  }
  if (code >>> 16 !== 3) return { kind: "foreign", version: code };
  const parameters = new Map<string, string>();
  for (let name = body.string(); name !== ""; name = body.string()) parameters.set(name, body.string());
  body.done();
  return { kind: "startup", version: code, parameters };
}

export function startupMessage(version: number, parameters: Iterable<readonly [string, string]>): Buffer {
  const pairs = [...parameters].flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return untyped(int32(version), ...pairs, int8(0));
}

export function cancelRequest(key: CancelKey): Buffer {
  return untyped(int32(codes.cancel), int32(key.processId), key.secret);
}

export const sslRequest: Uint8Array = untyped(int32(codes.ssl));
export const gssRequest: Uint8Array = untyped(int32(codes.gss));

/** Tells the caller the newest version we speak and which `_pq_.` options we do not know. */
export function negotiateProtocolVersion(version: number, unknownOptions: readonly string[]): Buffer {
  return message(
    backend.negotiateProtocolVersion,
    int32(version),
    int32(unknownOptions.length),
    ...unknownOptions.map(cstring),
  );
}
