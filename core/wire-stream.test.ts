import { expect, test } from "bun:test";
import { once } from "node:events";
import { connectWire, type Wire, type WireSink } from "./plugin.ts";
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

test("who asks without end and takes no answer is not read any more, until it does", async () => {
  let sink: WireSink | undefined;
  let reading = true;
  let waits = false;
  const wire = {
    ...{ remote: "192.0.2.1:1", gone: new Promise<void>(() => {}), end() {} },
    stream: (given: WireSink) => {
      sink = given;
    },
    write: () => !waits,
    pause: () => {
      reading = false;
    },
    resume: () => {
      reading = true;
    },
  } as unknown as Wire;
  const stream = new WireStream(wire);
  await Bun.sleep(0);
  // As ssh2 does: each question is answered, whatever the socket says.
  stream.on("data", (bytes: Buffer) => stream.write(Buffer.alloc(bytes.length)));
  waits = true;
  let asked = 0;
  // What it has read it asks for more at the end of the step.
  for (; asked < 1000; asked++) {
    if (!reading) await Bun.sleep(0);
    if (!reading) break;
    sink?.data(Buffer.alloc(16 * 1024));
  }
  expect(asked).toBeGreaterThan(50);
  expect(asked).toBeLessThan(80);
  expect(stream.writableLength).toBeLessThan(2 * 1024 * 1024);
  waits = false;
  sink?.drain();
  expect(reading).toBe(true);
});
