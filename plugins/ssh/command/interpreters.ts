import type { Argument } from "./argument.ts";
import { readText } from "./classify.ts";
import type { Reading } from "./reading.ts";

const posixShells = new Set(["sh", "bash", "dash", "ash", "rbash"]);
const languages: ReadonlyMap<string, RegExp> = new Map([
  ...["ksh", "mksh", "zsh", "fish", "csh", "tcsh", "rc", "pwsh"].map((name) => [name, /^(?!)/] as const),
  ...["python", "pypy"].map((name) => [name, /^-[uBIEsS]+$/] as const),
  ["perl", /^-[wTt]+$/],
  ["ruby", /^-[wW]$/],
  ...["node", "nodejs", "php", "lua", "luajit", "tclsh", "wish", "guile", "irb"].map(
    (name) => [name, /^(?!)/] as const,
  ),
  ...[
    "Rscript",
    "R",
    "julia",
    "osascript",
    "jshell",
    "groovy",
    "scala",
    "ghci",
    "runghc",
    "elixir",
    "iex",
    "erl",
  ].map((name) => [name, /^(?!)/] as const),
]);

/**
 * An interpreter runs what it is given: a script file, which is one of its arguments and so named by a rule, or its
 * input, which is why naming it alone (`execute("bash")`) gives a free shell. What it takes from its arguments is
 * read where it is a shell's (`sh -c`), and `unknown` otherwise.
 */
export function interpreterRuns(name: string, args: readonly Argument[], reading: Reading): void {
  if (posixShells.has(name)) return shellRuns(args, reading);
  const flags = languages.get(name);
  if (!flags) return;
  const first = args.find(({ text }) => text === undefined || !flags.test(text));
  if (first && (first.text === undefined || (first.text.startsWith("-") && first.text !== "-")))
    reading.unknown();
}

function shellRuns([first, script]: readonly Argument[], reading: Reading): void {
  if (first === undefined || first.text === "-s" || first.text === "-") return;
  if (first.text === undefined) return reading.unknown();
  if (!/^[-+]/.test(first.text)) return;
  if (!/^-[eux]*c$/.test(first.text) || script?.text === undefined || script.pattern)
    return reading.unknown();
  const text = script.text;
  if (/^[-+]/.test(text)) return reading.unknown();
  reading.within(() => readText(text, reading));
}
