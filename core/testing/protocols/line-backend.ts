import { listenWires } from "../../socket.ts";
import type { Wire } from "../../wire.ts";
import { lineStream } from "./line-stream.ts";

/** A service of lines: `answer` says what to send back to each. */
export function lineBackend(answer: (line: string) => string) {
  const wires = new Set<Wire>();
  const listener = listenWires({ host: "127.0.0.1", port: 0 }, async (wire) => {
    wires.add(wire);
    const lines = lineStream(wire);
    for (let line = await lines.next(); line !== undefined; line = await lines.next())
      wire.write(Buffer.from(answer(line)));
    wires.delete(wire);
    wire.end();
  });
  return {
    host: "127.0.0.1",
    port: listener.port,
    /** Says it to everybody. */
    say(line: string): void {
      for (const wire of wires) wire.write(Buffer.from(`${line}\n`));
    },
    stop(): void {
      listener.stop();
      for (const wire of wires) wire.destroy();
    },
  };
}
