import { expect, test } from "bun:test";
import type { Client } from "ssh2";
import { holdToBounds } from "./peer-bounds.ts";

/** What ssh2 would take up, and what was found wrong; one channel, number 0, has 100 bytes of window. */
function watched() {
  const taken: string[] = [];
  const broken: string[] = [];
  const names = [
    "CHANNEL_OPEN_CONFIRMATION",
    "CHANNEL_DATA",
    "CHANNEL_EXTENDED_DATA",
    "CHANNEL_WINDOW_ADJUST",
  ];
  const handlers: Record<string, (protocol: unknown, ...message: unknown[]) => void> = Object.fromEntries(
    names.map((name) => [name, () => void taken.push(name)]),
  );
  const channel = { incoming: { window: 100 }, outgoing: { window: 0 } };
  const channels = { get: (number: number) => (number === 0 ? channel : undefined) };
  const client = { _chanMgr: channels, _protocol: { _handlers: handlers } };
  holdToBounds(client as unknown as Client, (how) => broken.push(how));
  return { taken, broken, come: (name: string, ...message: unknown[]) => handlers[name]?.({}, ...message) };
}

test("a host is held to them, too: what is within them is taken up", () => {
  const { taken, broken, come } = watched();
  come("CHANNEL_OPEN_CONFIRMATION", { packetSize: 32_768 });
  come("CHANNEL_DATA", 0, Buffer.alloc(100));
  come("CHANNEL_EXTENDED_DATA", 0, Buffer.alloc(100), 1);
  come("CHANNEL_WINDOW_ADJUST", 0, 2 ** 32 - 1);
  come("CHANNEL_DATA", 7, Buffer.alloc(1000));
  expect(taken).toHaveLength(5);
  expect(broken).toEqual([]);
});

test.each([
  ["CHANNEL_OPEN_CONFIRMATION", [{ packetSize: 0 }], "packets of 0 bytes"],
  ["CHANNEL_DATA", [0, Buffer.alloc(101)], "more on a channel than its window"],
  ["CHANNEL_EXTENDED_DATA", [0, Buffer.alloc(101), 1], "more on a channel than its window"],
] as const)("%s beyond them is told once, and nothing more is taken up", (name, message, how) => {
  const { taken, broken, come } = watched();
  for (let times = 0; times < 3; times++) come(name, ...message);
  come("CHANNEL_DATA", 0, Buffer.alloc(1));
  expect(taken).toEqual([]);
  expect(broken).toHaveLength(1);
  expect(broken[0]).toContain(how);
});
