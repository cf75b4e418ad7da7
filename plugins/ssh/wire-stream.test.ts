import { expect, test } from "bun:test";
import { once } from "node:events";
import { connectWire } from "../../core/plugin.ts";
import { WireStream } from "./wire-stream.ts";

test("a stream that this side ends is closed too, once the other side has gone", async () => {
  const far = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data() {}, end: (own) => void own.end() },
  });
  try {
    const stream = new WireStream(await connectWire({ host: "127.0.0.1", port: far.port, timeout: 5_000 }));
    stream.resume();
    const closed = once(stream, "close");
    stream.end("bye");
    await closed;
    expect(stream.destroyed).toBe(true);
  } finally {
    far.stop(true);
  }
});
