import { describe, expect, test } from "bun:test";
import { Random, seeds } from "../../test/fuzz.ts";
import { Typed } from "./typed.ts";

/** `k`: keys of the caller, `h`: what the host sends. Lines as they would be recorded; null: not kept. */
function lines(...steps: readonly (readonly ["k" | "h", string])[]): (string | null)[] {
  const kept: (string | null)[] = [];
  const typed = new Typed((bytes) => kept.push(bytes ? Buffer.from(bytes).toString() : null));
  for (const [who, text] of steps) {
    if (who === "k") typed.typed(Buffer.from(text));
    else typed.shown(Buffer.from(text));
  }
  typed.close();
  return kept;
}

test("what is echoed is kept, line by line", () => {
  expect(lines(["k", "l"], ["h", "l"], ["k", "s"], ["h", "s"], ["k", "\r"], ["h", "\r\nfile\r\n$ "])).toEqual(
    ["ls\r"],
  );
  expect(
    lines(["k", "ls\r"], ["h", "ls\r\nfile"], ["k", "\x1b[A"], ["h", "ls"], ["k", "\r"], ["h", "\r\n"]),
  ).toEqual(["ls\r", "\x1b[A\r"]);
  expect(lines(["k", "é\r"], ["h", "\x1b[32mé\x1b[0m\r\n"])).toEqual(["é\r"]);
});

describe("a password is not kept", () => {
  const prompt = ["h", "Password: "] as const;
  test("key by key, without an echo", () => {
    const keys = [..."hunter2\r"].map((key) => ["k", key] as const);
    expect(lines(prompt, ...keys, ["h", "\r\nWelcome hunter2\r\n"])).toEqual([null]);
  });
  test("in one piece, before the prompt: in doubt nor is what follows", () => {
    expect(
      lines(["k", "sudo id\rhunter2\rid\r"], ["h", "sudo id\r\n[sudo] password: \r\nuid\r\n$ id\r\n"]),
    ).toEqual(["sudo id\r", null, null]);
  });
  test("where stars stand for it", () => {
    expect(lines(prompt, ["k", "h"], ["h", "*"], ["k", "unter2\r"], ["h", "*******\r\n"])).toEqual([null]);
  });
  test("where what follows begins like it", () => {
    expect(lines(prompt, ["k", "Sesame1\r"], ["h", "\r\nSesame1 was wrong\r\n"])).toEqual([null]);
    expect(lines(prompt, ["k", "Sorry9\r"], ["h", "Sorry, try again.\r\n"])).toEqual([null]);
  });
  test("where the connection ends before any answer", () => {
    expect(lines(prompt, ["k", "hunter2"])).toEqual([null]);
  });
  test("where it is longer than a line can be", () => {
    expect(
      lines(["k", "x".repeat(5000)], ["k", "yz\r"], ["h", "\r\n"], ["k", "a\r"], ["h", "a\r\n"]),
    ).toEqual([null, "a\r"]);
  });
});

test("whatever keys and answers come in whatever order: what is kept was typed, and came back", () => {
  for (const seed of seeds(300)) {
    const random = new Random(seed);
    let keys = "";
    let answers = "";
    const steps = Array.from({ length: 12 }, () => {
      const text = Array.from({ length: random.upTo(5) }, () =>
        random.of(["a", "b", "\r", "\x1b[A", "\n"]),
      ).join("");
      const who = random.chance(50) ? ("k" as const) : ("h" as const);
      if (who === "k") keys += text;
      else answers += text;
      return [who, text] as const;
    });
    for (const line of lines(...steps)) {
      if (line === null) continue;
      expect(keys).toContain(line);
      let at = -1;
      for (const char of line.replaceAll("\x1b[A", "").replaceAll(/[\r\n]/g, "")) {
        at = answers.indexOf(char, at + 1);
        expect([seed, at]).not.toEqual([seed, -1]);
      }
    }
  }
});
