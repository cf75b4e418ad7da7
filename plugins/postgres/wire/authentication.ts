import { backend, frontend } from "./message.ts";
import { BodyReader, malformed } from "./read.ts";
import { cstring, int8, int32, message } from "./write.ts";

/** Authentication messages of both sides (PostgreSQL 18, "Authentication*", "SASL*", PasswordMessage). */

export const authenticationOk: Uint8Array = message(backend.authentication, int32(0));
export const authenticationCleartextPassword: Uint8Array = message(backend.authentication, int32(3));

export function authenticationMd5Password(salt: Uint8Array): Buffer {
  return message(backend.authentication, int32(5), salt);
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message(backend.authentication, int32(10), ...mechanisms.map(cstring), int8(0));
}

export function authenticationSaslContinue(data: string): Buffer {
  return message(backend.authentication, int32(11), Buffer.from(data, "utf8"));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message(backend.authentication, int32(12), Buffer.from(data, "utf8"));
}

/** What a server asks for. `unsupported`: Kerberos, GSSAPI, SSPI and whatever comes later. */
export type AuthenticationRequest =
  | { readonly kind: "ok" | "cleartext" }
  | { readonly kind: "md5"; readonly salt: Buffer }
  | { readonly kind: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly kind: "saslContinue" | "saslFinal"; readonly data: string }
  | { readonly kind: "unsupported"; readonly number: number };

/** Decodes the body of an Authentication message. */
export function authenticationRequest(view: Buffer, start: number, end: number): AuthenticationRequest {
  const body = new BodyReader(view, start, end, "Authentication");
  const number = body.int32();
  const rest = () => body.bytes(body.left).toString("utf8");
  switch (number) {
    case 0:
      return { kind: "ok" };
    case 3:
      return { kind: "cleartext" };
    case 5:
      return { kind: "md5", salt: Buffer.from(body.bytes(4)) };
    case 10: {
      const mechanisms: string[] = [];
      for (let name = body.string(); name !== ""; name = body.string()) mechanisms.push(name);
      return { kind: "sasl", mechanisms };
    }
    case 11:
      return { kind: "saslContinue", data: rest() };
    case 12:
      return { kind: "saslFinal", data: rest() };
    default:
      return { kind: "unsupported", number };
  }
}

export function passwordMessage(password: string): Buffer {
  return message(frontend.password, cstring(password));
}

/** Decodes the body of a PasswordMessage. */
export function passwordOf(view: Buffer, start: number, end: number): string {
  const body = new BodyReader(view, start, end, "PasswordMessage");
  const password = body.string();
  body.done();
  return password;
}

export function saslInitialResponse(mechanism: string, data: string): Buffer {
  const bytes = Buffer.from(data, "utf8");
  return message(frontend.password, cstring(mechanism), int32(bytes.length), bytes);
}

/** Decodes the body of a SASLInitialResponse; `data` is absent where the caller sent none. */
export function saslInitialOf(
  view: Buffer,
  start: number,
  end: number,
): { mechanism: string; data: string | undefined } {
  const body = new BodyReader(view, start, end, "SASLInitialResponse");
  const mechanism = body.string();
  const length = body.int32();
  if (length < -1) throw malformed(body.message, `a length of ${length}`);
  const data = length === -1 ? undefined : body.bytes(length).toString("utf8");
  body.done();
  return { mechanism, data };
}

export function saslResponse(data: string): Buffer {
  return message(frontend.password, Buffer.from(data, "utf8"));
}

/** Decodes the body of a SASLResponse: all of it. */
export function saslResponseOf(view: Buffer, start: number, end: number): string {
  const body = new BodyReader(view, start, end, "SASLResponse");
  return body.bytes(body.left).toString("utf8");
}
