import { type Answer, encodeEvent, encodeFrame, frameTypes, Typed } from "../../../core/plugin.ts";
import type { Carriage } from "./carriage.ts";

/** Keeps what is typed into the terminal of one channel, masked as if it were shown; undefined: nobody records. */
export function typedOn(carriage: Carriage, number: number, answer: Answer | undefined): Typed | undefined {
  if (!carriage.gate.recordsWire) return undefined;
  return new Typed((line) => {
    carriage.tell(() =>
      line
        ? encodeFrame(frameTypes.input, number, masked(answer, line))
        : encodeEvent(number, { event: "unseen" }),
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
