// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the shell's
import type { Random } from "../../../../test/fuzz.ts";

/** Programs that the stub folder holds; `evil` is what every stub prints, so that its output may become a command. */
export const stubs = ["p1", "p2", "p3", "evil", "nice", "env", "xargs", "find"] as const;

/** A command as a person might write it, and sometimes not. */
export function generated(random: Random, depth = 3): string {
  if (depth <= 0) return simple(random, 0);
  const inner = () => generated(random, depth - 1);
  switch (random.upTo(12)) {
    case 0:
      return `${inner()}${random.of(["; ", " && ", " || ", " | ", " & ", "\n", ";", "|"])}${inner()}`;
    case 1:
      return `(${inner()})`;
    case 2:
      return `{ ${inner()}; }`;
    case 3:
      return `if ${inner()}; then ${inner()}; else ${inner()}; fi`;
    case 4:
      return `for i in ${word(random, depth)} b; do ${inner()}; done`;
    case 5:
      return `case ${word(random, depth)} in ${random.of(["a", "*", "p1|a", "(x"])}) ${inner()};; *) ${inner()};; esac`;
    case 6:
      return `while ${inner()}; do ${inner()}; break; done`;
    case 7:
      return `${simple(random, depth)} <<${random.of(["E", "'E'", "-E", "\\E"])}\n${random.of(["text", "$(p3)", "`p2`", "\\$(evil)", "E2", "$x"])}\nE\n`;
    default:
      return simple(random, depth);
  }
}

function simple(random: Random, depth: number): string {
  const prefix = random.chance(15) ? `${random.of(["x=1", "LANG=C", "x=$(p2)", "x='p1 p2'"])} ` : "";
  const words = Array.from({ length: random.upTo(4) }, () => ` ${word(random, depth)}`).join("");
  const to = random.chance(20)
    ? random.of([" > out", " 2>&1", " >> out", " < /dev/null", " 2>/dev/null"])
    : "";
  return `${random.chance(80) ? prefix : ""}${name(random)}${words}${to}${random.chance(4) ? " # p3" : ""}`;
}

function name(random: Random): string {
  const named = random.of([
    "p1",
    "p2",
    "p3",
    "p1",
    "p2",
    "p3",
    "nice",
    "nice -n 3",
    "env",
    "xargs",
    ":",
    "echo",
    "cd",
  ]);
  return random.of([
    named,
    named,
    named,
    named,
    "'p1'",
    '"p2"',
    "p\\3",
    "p''1",
    "$x",
    'e"vi"l',
    "time p1",
    "! p1",
    "evil",
  ]);
}

function word(random: Random, depth: number): string {
  if (depth > 0 && random.chance(20)) {
    const inner = generated(random, depth - 2);
    return random.of([
      `$(${inner})`,
      `"$(${inner})"`,
      `\`${inner.replaceAll(/[`\\]/g, "")}\``,
      `"a $(${inner}) b"`,
    ]);
  }
  return random.of([
    "a",
    "-b",
    "'a b'",
    '"a  b"',
    '""',
    "a\\ b",
    "$x",
    '"$x"',
    "./*",
    "*",
    "a=~",
    "~",
    "{}",
    "a#b",
    "'\\'",
    '"\\""',
    '"$',
    "{a,b}",
    "$'a'",
    "'$(evil)'",
    '"\\$(evil)"',
    "\\$x",
    "a\\\nb",
    "p1",
    "--",
    ";",
    "'\n'",
    "!",
    "=",
    "]",
    "${x}",
    "${x:-p1}",
    "$#",
    "'\"'",
    "\\;",
    "\\'",
  ]);
}

/** Tokens one after the other, as they come: most of it is an error to every shell. */
export function soup(random: Random): string {
  const length = 2 + random.upTo(9);
  return Array.from({ length }, () => random.of(tokens)).join("");
}

const tokens = [
  "p1",
  "p2",
  "p3",
  "evil",
  " ",
  " ",
  " ",
  "\n",
  ";",
  "&",
  "|",
  "&&",
  "||",
  "(",
  ")",
  "{ ",
  "; }",
  "'",
  '"',
  "\\",
  "$",
  "`",
  "$(",
  ")",
  "<",
  ">",
  "<<E\n",
  "\nE\n",
  "#",
  "=",
  "x=",
  "!",
  "~",
  "*",
  "?",
  "[",
  "]",
  "{",
  "}",
  ",",
  "if ",
  "then ",
  "; fi",
  "for i in ",
  "do ",
  "; done",
  "case a in ",
  "a) ",
  ";; ",
  "esac",
  "$x",
  "${x",
  "}",
  "((",
  "))",
  "[[ ",
  " ]]",
  "time ",
  "in ",
  "2>&1",
  "-",
  "a",
] as const satisfies readonly [string, ...string[]];
