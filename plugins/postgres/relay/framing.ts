import { type Cursor, PosternError, type Reason } from "../../../core/plugin.ts";

export function violation(message: string): PosternError {
  return new PosternError("postgres.protocol", message);
}

/** The body of a caller's message is not in the form that the protocol gives it. The server says so and goes on, and so do we. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Bytes of the message at the cursor, header included; 0: more must arrive before that is known. */
export function messageLength(cursor: Cursor): number {
  if (cursor.end - cursor.at < 5) {
    cursor.need(5);
    return 0;
  }
  const length = cursor.view.readInt32BE(cursor.at + 1);
  if (length < 4) throw violation(`A message says it is ${length} bytes long.`);
  return length + 1;
}

/** Whether the message at the cursor is there as a whole; asks for the rest when not. */
export function whole(cursor: Cursor, length: number, limit: number): boolean {
  if (length > limit) {
    throw new PosternError(
      "limit.frame",
      `A message of ${length} bytes has to be read whole, and the limit is ${limit}.`,
      { hint: "Send or select less at once, or have the operator raise the frame limit." },
    );
  }
  if (cursor.end - cursor.at >= length) return true;
  cursor.need(length);
  return false;
}

/** Whatever a guardrail throws ends the answer; only its own words are shown. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof PosternError) return error.reason;
  return { code: "guardrail.failed", message: "A guardrail failed, so this answer is not shown." };
}
