import { PosternError } from "../../core/plugin.ts";

/** Bytes; a credential is longer only by mistake (a wrong file, a page of help). */
export const largest = 64 * 1024;

/** The value without the newline that editors and commands put at its end. Throws `secret.unavailable`. */
export function secretValue(label: string, text: string, hint: string): string {
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw unavailable(`${label} is empty.`, hint);
  if (value.includes("\0")) throw unavailable(`${label} holds a zero byte: that is no credential.`, hint);
  return value;
}

/** Never built from the value, nor from an error that may quote it. */
export function unavailable(message: string, hint: string): PosternError {
  return new PosternError("secret.unavailable", message, { hint });
}

/** The system's own code (`ENOENT`): an error's text may quote more than everybody should read. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
