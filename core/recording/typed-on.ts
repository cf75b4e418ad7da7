import type { Gate } from "../gate.ts";
import type { Answer } from "../guardrail.ts";
import { encodeEvent, encodeFrame, frameTypes } from "./frames.ts";
import { Typed } from "./typed.ts";

/** Keeps what is typed into the terminal of one channel, masked as if it were shown; undefined: nobody records. */
export function typedOn(gate: Gate, channel: number, answer: Answer | undefined): Typed | undefined {
  if (!gate.recordsWire) return undefined;
  return new Typed((line) => {
    void gate.passed(
      line
        ? encodeFrame(frameTypes.input, channel, masked(answer, line))
        : encodeEvent(channel, { event: "unseen" }),
    );
  });
}

function masked(answer: Answer | undefined, line: Uint8Array): Uint8Array {
  if (!answer?.stream) return line;
  const parts = [line, new Uint8Array(0)].flatMap(
    (bytes) => answer.stream?.({ direction: "toCaller", channel: "typed", bytes })?.bytes ?? [],
  );
  return Buffer.concat(parts);
}
