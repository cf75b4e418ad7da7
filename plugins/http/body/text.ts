import type { Answer } from "../../../core/plugin.ts";
import type { Emit } from "./inspector.ts";
import { withheld } from "./withheld.ts";

/** Bytes of text through the guardrails; without any: what was kept back leaves. */
export function shownStream(answer: Answer, channel: string, bytes: Uint8Array, emit: Emit): void {
  if (answer.stream === undefined) throw withheld("it cannot look into text");
  const shown = answer.stream({ direction: "toCaller", channel, bytes });
  if (shown !== undefined && shown.bytes.length > 0) emit(shown.bytes);
}

/** One text from its beginning to its end. The same string where nothing is changed. */
export function shownText(answer: Answer, channel: string, text: string): string {
  const before = Buffer.from(text);
  const parts: Buffer[] = [];
  const keep = (view: Uint8Array) => void parts.push(Buffer.from(view));
  shownStream(answer, channel, before, keep);
  shownStream(answer, channel, new Uint8Array(0), keep);
  const after = Buffer.concat(parts);
  return after.equals(before) ? text : after.toString("utf8");
}
