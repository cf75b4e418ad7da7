import { expect, test } from "bun:test";
import { Random, seeds } from "../../../test/fuzz.ts";
import { Player } from "./player.ts";
import { Screen } from "./screen.ts";

const show = (text: string) => new Screen().show(text);

test("what moves, erases and colours is played", () => {
  const text = "\x1b[?1049h\x1b[2J\x1b[1;1H\x1b[1;31mré\x1b[0m\x1b7\x1b[K\x1b8\x1b(B\x1b[?25l\tx\r\n\x1bM";
  expect(show(text)).toBe(text);
});

for (const [what, text] of [
  ["asks for an answer", "\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b[14t\x1b[>q\x1b[?2026$p\x05\x1bZ\x1b[x"],
  ["writes the clipboard or the title", "\x1b]52;c;cm0gLXJm\x07\x1b]0;title\x1b\\"],
  ["talks to the terminal itself", "\x1bP$qm\x1b\\\x1b_Gi=1\x1b\\\x1b^x\x1b\\\x1bX1\x1b\\"],
  ["changes keyboard or mouse", "\x1b[?1000h\x1b[?1006;1049h\x1b[?2004h\x1b[>4;2m\x1b[>1u\x1b="],
  ["prints", "\x1b[5i\x1b[?5i"],
  ["is a control of eight bits", "\u009b6n\u009d0;t\u009c".replace(/[0-9n;t]/g, "")],
] as const) {
  test(`what ${what} is left out`, () => {
    expect(show(`a${text}b`)).toBe("ab");
  });
}

test("in any pieces the same", () => {
  const text = "\x1b[31mred\x1b]52;c;x\x07\x1b[6n\x1b[0m\r\n";
  for (const seed of seeds(100)) {
    const random = new Random(seed);
    const screen = new Screen();
    let shown = "";
    for (let at = 0; at < text.length; ) {
      const end = at + 1 + random.upTo(5);
      shown += screen.show(text.slice(at, end));
      at = end;
    }
    expect(shown).toBe("\x1b[31mred\x1b[0m\r\n");
  }
});

test("several terminals are told apart, and one of them can be had alone", () => {
  const open = (channel: number) =>
    ({ at: 0, terminal: { channel, type: "open", term: "xterm", columns: 80, rows: 24 } }) as const;
  const output = (channel: number, text: string) =>
    ({ at: 0, terminal: { channel, type: "output", text } }) as const;
  const lines = [open(0), output(0, "one"), open(1), output(1, "two"), output(0, "three")];
  const all = new Player({ screen: true }, undefined);
  const shown = lines.map((line) => all.show(line)).join("");
  expect(shown).toContain("one\x1b[0m\r\n-- terminal 1 --\r\n");
  expect(shown).toContain("two\x1b[0m\r\n-- terminal 0 --\r\nthree");
  const only = new Player({ screen: true }, 1);
  expect(lines.map((line) => only.show(line)).join("")).toBe("\x1b]2;terminal 1, 80 x 24\x07two");
  expect(only.show({ at: 0, text: "a\x1b[2J" })).toBe("a\\x1b[2J");
  expect(new Player({ screen: true }, 2).end()).toBe("");
  // Into a file goes what was recorded, and nothing that is meant for a screen.
  const file = new Player({ screen: false }, undefined);
  expect(lines.map((line) => file.show(line)).join("")).toBe(
    "one\r\n-- terminal 1 --\r\ntwo\r\n-- terminal 0 --\r\nthree",
  );
  expect(file.end()).toBe("");
});
