import { expect, test } from "bun:test";
import type { Channel, Connection } from "ssh2";
import { LateClose } from "./late-close.ts";

/** What ssh2 does with an end of file and with a close, in order. */
function connection() {
  const done: string[] = [];
  const handlers = {
    CHANNEL_EOF: (_protocol: unknown, channel: number) => void done.push(`eof ${channel}`),
    CHANNEL_CLOSE: (_protocol: unknown, channel: number) => void done.push(`close ${channel}`),
  };
  const late = new LateClose({ _protocol: { _handlers: handlers } } as unknown as Connection);
  return { done, late, closes: (channel: number) => handlers.CHANNEL_CLOSE({}, channel) };
}

const channel = (id: number) => ({ incoming: { id } }) as unknown as Channel;

test("a close waits until all is said on its channel; whoever closed sends nothing more", () => {
  const { done, late, closes } = connection();
  late.keep(channel(4));
  closes(4);
  expect(done).toEqual(["eof 4"]);
  late.release(channel(4));
  late.release(channel(4));
  expect(done).toEqual(["eof 4", "close 4"]);
});

test("closes of other channels, and those behind the last word, are taken up at once", () => {
  const { done, late, closes } = connection();
  late.keep(channel(4));
  closes(5);
  late.release(channel(4));
  closes(4);
  expect(done).toEqual(["close 5", "close 4"]);
});
