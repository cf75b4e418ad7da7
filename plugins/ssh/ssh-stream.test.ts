import { expect, test } from "bun:test";
import type { Wire, WireSink } from "../../core/plugin.ts";
import { SshStream } from "./ssh-stream.ts";

/** A wire that keeps what is written to it, and may be full. */
function fake() {
  const wrote: string[] = [];
  const state = { full: false, ended: false, sink: undefined as WireSink | undefined };
  const wire = {
    ...{ remote: "192.0.2.1:1", closed: false, gone: new Promise<void>(() => {}), pause() {}, resume() {} },
    end: () => {
      state.ended = true;
    },
    stream: (given: WireSink) => {
      state.sink = given;
    },
    write: (bytes: Uint8Array) => {
      if (state.ended) return true;
      wrote.push(Buffer.from(bytes).toString());
      return !state.full;
    },
  } as unknown as Wire;
  return { stream: new SshStream(wire), wrote, state };
}

/** Longer than a step. */
const later = () => Bun.sleep(0);

test("the pieces of a packet leave as one, and packets of other steps by themselves", async () => {
  const { stream, wrote } = fake();
  await later();
  for (const piece of ["length ", "content ", "tag"]) stream.write(piece);
  expect(wrote).toEqual([]);
  await later();
  stream.write("next");
  await later();
  expect(wrote).toEqual(["length content tag", "next"]);
});

test("much is sent without waiting for the end of the step", async () => {
  const { stream, wrote } = fake();
  await later();
  for (let piece = 0; piece < 5; piece++) stream.write(Buffer.alloc(40_000, "x"));
  expect(wrote.map(({ length }) => length)).toEqual([160_000]);
  await later();
  expect(wrote.map(({ length }) => length)).toEqual([160_000, 40_000]);
});

test("where the wire is full all waits, is told, and goes on in its order", async () => {
  const { stream, wrote, state } = fake();
  await later();
  state.full = true;
  stream.write("one");
  await later();
  for (let piece = 0; piece < 9; piece++) stream.write(Buffer.alloc(40_000, `${piece}`));
  await later();
  expect(wrote).toEqual(["one"]);
  expect(stream.writableNeedDrain).toBe(true);
  const drained = new Promise<void>((resolve) => stream.once("drain", resolve));
  state.full = false;
  state.sink?.drain();
  await drained;
  await later();
  const all = wrote.join("");
  expect(all).toBe(`one${Array.from({ length: 9 }, (_, piece) => `${piece}`.repeat(40_000)).join("")}`);
});

test("what was written last is sent before the end, however it ends", async () => {
  const ended = fake();
  await later();
  ended.stream.write("last ");
  ended.stream.end("words");
  await later();
  expect(ended.wrote.join("")).toBe("last words");
  expect(ended.state.ended).toBe(true);

  const destroyed = fake();
  await later();
  destroyed.stream.write("last words");
  destroyed.stream.destroy();
  await later();
  expect(destroyed.wrote).toEqual(["last words"]);

  const full = fake();
  await later();
  full.state.full = true;
  full.stream.write("one ");
  await later();
  full.stream.write("two");
  full.stream.destroy();
  await later();
  expect(full.wrote).toEqual(["one ", "two"]);
});

test("what was written last is sent also where the wire itself is ended in the same step", async () => {
  const { stream, wrote, state } = fake();
  await later();
  // So much that a stream tells of its end in a later step.
  stream.write(Buffer.alloc(100_000, "x"));
  stream.write("why");
  stream.end();
  state.ended = true;
  await later();
  expect(wrote.join("").slice(-4)).toBe("xwhy");
});
