import { expect, test } from "bun:test";
import type { Recorded } from "../protocol.ts";
import { channelReplay } from "./channel-replay.ts";
import { encodeEvent, encodeExit, encodeFrame, encodeResize, frameTypes } from "./frames.ts";

const bytes = (frame: Uint8Array, at = 0): Recorded => ({ at, kind: "bytes", bytes: frame });
const output = (channel: number, text: string | Uint8Array) =>
  bytes(encodeFrame(frameTypes.output, channel, Buffer.from(text)));

test("a terminal is what happened in it; a character that is cut in two is whole", () => {
  const shown = channelReplay();
  const euro = Buffer.from("€");
  const events = [
    bytes(encodeEvent(3, { event: "terminal", term: "xterm", columns: 80, rows: 24 })),
    output(3, euro.subarray(0, 1)),
    output(3, euro.subarray(1)),
    bytes(encodeFrame(frameTypes.input, 3, Buffer.from("ls\r"))),
    bytes(encodeResize(3, 100, 30)),
  ];
  expect(events.flatMap((event) => shown.terminals?.(event) ?? [])).toEqual([
    { channel: 3, type: "open", term: "xterm", columns: 80, rows: 24 },
    { channel: 3, type: "output", text: "" },
    { channel: 3, type: "output", text: "€" },
    { channel: 3, type: "input", text: "ls\r" },
    { channel: 3, type: "resize", columns: 100, rows: 30 },
  ]);
});

test("an answer without a last line's end is shown whole, before its end", () => {
  const shown = channelReplay();
  const end = encodeEvent(0, { event: "end", bytes: 7, sha256: "ab", whole: true });
  const events = [output(0, '{"a":1}'), bytes(end)];
  expect(events.map((event) => shown.show(event)).join("")).toBe(
    '[0] | {"a":1}\n[0] end bytes=7 sha256=ab whole=true\n',
  );
});

test("commands and files are a list, told apart by channel", () => {
  const shown = channelReplay();
  const events: Recorded[] = [
    { at: 0, kind: "event", name: "operation", data: { text: "df -h", actions: [] } },
    bytes(encodeEvent(0, { event: "open", what: "exec", command: "df -h" })),
    output(0, "Filesystem\n/dev"),
    output(1, "other\n"),
    bytes(encodeFrame(frameTypes.error, 0, Buffer.from("oops\n"))),
    output(0, "/vda"),
    bytes(encodeExit(0, 1)),
    bytes(encodeEvent(1, { event: "file", operation: "write", path: "/tmp/x", bytes: 3, sha256: "ab" })),
    { at: 0, kind: "event", name: "operation", data: { text: "rm /", refused: "policy.denied" } },
    { at: 0, kind: "event", name: "cut", data: { after: 1 } },
  ];
  const text = events
    .map((event) => {
      expect(shown.terminals?.(event)).toEqual([]);
      return shown.show(event);
    })
    .join("");
  expect(text.split("\n")).toEqual([
    "=> df -h",
    "[0] open what=exec command=df -h",
    "[0] | Filesystem",
    "[1] | other",
    "[0] ! oops",
    "[0] | /dev/vda",
    "[0] exit 1",
    "[1] file operation=write path=/tmp/x bytes=3 sha256=ab",
    "=> rm / (refused: policy.denied)",
    "(no more of the output was recorded)",
    "",
  ]);
});

test("a line is never in both: what is in a terminal is not in the list", () => {
  const shown = channelReplay();
  const open = bytes(encodeEvent(0, { event: "terminal", term: "vt100", columns: 1, rows: 1 }));
  shown.terminals?.(open);
  expect(shown.show(open)).toBe("");
  expect(shown.show(output(0, "in the terminal\n"))).toBe("");
  expect(shown.show(bytes(encodeEvent(0, { event: "open", what: "shell" })))).toBe("");
});
