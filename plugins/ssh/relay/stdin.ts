import { createHash } from "node:crypto";
import type { ServerChannel } from "ssh2";
import { type Answer, AnswerStream, encodeEvent, type Typed } from "../../../core/plugin.ts";
import type { Carriage } from "./carriage.ts";
import { flow } from "./flow.ts";
import type { Outlet } from "./outlet.ts";

/** What the caller sends into a command, up to its end of file. */
export function relayInput(
  carriage: Carriage,
  number: number,
  from: ServerChannel,
  into: Outlet,
  answer: Answer | undefined,
  /** Of a terminal: keeps what is typed. Of a command without one, size and hash are kept. */
  typed: Typed | undefined,
  terminal: boolean,
): void {
  const name = terminal ? "terminal" : "stdin";
  const stream = new AnswerStream(answer, "toResource", name, (bytes) => void into.write(bytes));
  const digest = carriage.gate.recordsWire && !terminal ? createHash("sha256") : undefined;
  let size = 0;
  const over = flow(from, (bytes) => {
    carriage.lastByte = performance.now();
    size += bytes.length;
    typed?.typed(bytes);
    digest?.update(bytes);
    const now = stream.push(bytes);
    return now && into.write(now);
  });
  void over.then(async () => {
    stream.flush();
    typed?.close();
    await into.settled();
    into.channel.eof();
    if (digest && size > 0) {
      const sha256 = digest.digest("hex");
      carriage.tell(() => encodeEvent(number, { event: "stdin", bytes: size, sha256 }));
    }
  });
}
