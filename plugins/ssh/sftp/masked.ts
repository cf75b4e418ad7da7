import type { Answer } from "../../../core/plugin.ts";
import { Fields } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";
import { attributesText } from "./attributes.ts";
import { bodyAt, encode, encodeStatus, type Message, types } from "./message.ts";

/**
 * An answer as the caller may see it: the host's words and the names of files pass the guardrails that want to see
 * text or streams. Content of files cannot, see `withholds`. Throws Malformed.
 */
export function masked(message: Message, answer: Answer | undefined): readonly Buffer[] {
  if (!answer?.text && !answer?.stream) return message.pieces;
  if (message.type === types.status && answer.text) return [maskedStatus(message, answer)];
  if (message.type === types.name && answer.stream) return [maskedNames(message, answer)];
  return message.pieces;
}

/** A file is read in any order and in pieces of any size, so no mask is sure of what is in it. */
export function withholds(answer: Answer | undefined): boolean {
  return answer?.stream !== undefined;
}

function maskedStatus({ id, bytes }: Message, answer: Answer): Buffer {
  const fields = new Fields(bytes.subarray(bodyAt));
  const code = fields.uint32();
  // Older servers leave it out.
  const text = fields.done ? "" : fields.bytesField().toString("utf8");
  return encodeStatus(id, code, answer.text?.("error", text, String(code)) ?? "");
}

function maskedNames({ id, bytes }: Message, answer: Answer): Buffer {
  const body = bytes.subarray(bodyAt);
  const fields = new Fields(body);
  const count = fields.uint32();
  const parts: Buffer[] = [];
  for (let left = count; left > 0; left--) {
    parts.push(
      string(maskedName(fields.bytesField(), answer)),
      string(maskedName(fields.bytesField(), answer)),
    );
    const from = fields.at;
    attributesText(fields);
    parts.push(body.subarray(from, fields.at));
  }
  return encode(types.name, id, uint32(count), ...parts);
}

function maskedName(name: Buffer, answer: Answer): Buffer {
  const parts = [name, new Uint8Array(0)].map(
    (bytes) => answer.stream?.({ direction: "toCaller", channel: "name", bytes })?.bytes ?? new Uint8Array(0),
  );
  return Buffer.concat(parts);
}
