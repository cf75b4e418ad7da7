import { expect, test } from "bun:test";
import { Random, seeds } from "../../../test/fuzz.ts";
import { Keys } from "./keys.ts";
import { LineEditor } from "./line-editor.ts";

function terminal(columns = 80) {
  let screen = "";
  const keys = new Keys();
  const editor = new LineEditor((text) => {
    screen += text;
  });
  editor.begin("$ ", columns);
  return {
    /** What came of these keys. */
    press(text: string | Uint8Array): unknown[] {
      const came: unknown[] = [];
      for (const key of keys.read(Buffer.from(text))) {
        const edited = editor.press(key);
        if (edited === undefined) continue;
        came.push(typeof edited === "object" ? edited.line : edited);
        editor.begin("$ ", columns);
      }
      return came;
    },
    get screen() {
      return screen;
    },
  };
}

for (const [what, keys, line] of [
  ["text", "ls -l\r", "ls -l"],
  ["backspace", "lx\x7fs\r", "ls"],
  ["arrows and delete", "sl\x1b[D\x1b[D\x1b[3~\x1b[Cs\r", "ls"],
  ["home and end", "s\x01l\x05 .\r", "ls ."],
  ["^U, ^K and ^W", "junk\x15ls a b\x17\x17-l\x01\x1b[C\x1b[C\x0b\r", "ls"],
  [
    "a paste of several lines is one",
    "\x1b[200~for x in 1; do\r\necho $x\ndone\x1b[201~\r",
    "for x in 1; do\necho $x\ndone",
  ],
  ["keys that nobody knows", "l\x1b[24~\x1bxs\x00\r", "ls"],
  ["a character of several code points", "e\u0301👍🏽\x7f\r", "e\u0301"],
] as const) {
  test(`${what}`, () => expect(terminal().press(keys)).toEqual([line]));
}

test("in whatever pieces the keys come, the line is the same", () => {
  const keys = Buffer.from("ls é\x1b[D\x1b[D\x1b[C\x1b[200~a\nb\x1b[201~x\x7f\r");
  const whole = terminal().press(keys);
  for (const seed of seeds(200)) {
    const random = new Random(seed);
    const { press } = terminal();
    const came: unknown[] = [];
    for (let at = 0; at < keys.length; ) {
      const end = at + 1 + random.upTo(4);
      came.push(...press(keys.subarray(at, end)));
      at = end;
    }
    expect(came).toEqual(whole);
  }
});

test("^C and ^D; ^D in a line deletes", () => {
  expect(terminal().press("rm -rf /\x03\x04")).toEqual(["interrupt", "endOfFile"]);
  expect(terminal().press("lss\x1b[D\x04\r")).toEqual(["ls"]);
});

test("the arrows bring back what was run, and then what was being written", () => {
  const { press } = terminal();
  press("one\rtwo\rtwo\r");
  expect(press("\x1b[A\r")).toEqual(["two"]);
  expect(press("\x1b[A\x1b[A\r")).toEqual(["one"]);
  expect(press("dra\x1b[A\x1b[Bft\r")).toEqual(["draft"]);
});

test("a line that is wider than the terminal is drawn from its first row on", () => {
  const shown = terminal(10);
  shown.press("12345678");
  expect(shown.screen).toEndWith("$ 12345678\r\n");
  shown.press("9");
  expect(shown.screen).toEndWith("$ 12345678\r\n9");
  shown.press("\x1b[D\x1b[D");
  expect(shown.screen).toEndWith("\x1b[J$ 123456789\x1b[1A\r\x1b[9C");
});

test("any bytes are read without an error, and a line holds no control character but what was pasted", () => {
  for (const seed of seeds(200)) {
    const random = new Random(seed);
    const shown = terminal(1 + random.upTo(20));
    for (let times = 0; times < 10; times++) {
      for (const line of shown.press(random.bytes(random.upTo(30)))) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
        expect(String(line)).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
      }
    }
  }
});
