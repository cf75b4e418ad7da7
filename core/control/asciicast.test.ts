import { expect, test } from "bun:test";
import type { Recorded, Replay } from "../protocol.ts";
import { asciicast } from "./asciicast.ts";

const headerOf = (columns: number, rows: number) => {
  const recorded: Recorded[] = [{ at: 5, kind: "bytes", bytes: new Uint8Array() }];
  const replay: Replay = {
    show: () => "",
    terminals: () => [{ channel: 0, type: "open", term: "xterm", columns, rows }],
  };
  return asciicast(
    () => recorded,
    () => replay,
    0,
    undefined,
  ).next().value;
};

test("a terminal keeps its size, and one without gets what players take", () => {
  expect(headerOf(120, 40)).toMatchObject({ width: 120, height: 40 });
  expect(headerOf(0, 0)).toMatchObject({ width: 80, height: 24 });
});
