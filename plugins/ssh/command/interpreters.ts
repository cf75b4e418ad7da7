import type { Argument } from "./argument.ts";
import { namesIn } from "./catalogue.ts";
import { readText } from "./classify.ts";
import type { Reading } from "./reading.ts";

/** They take a script as their first argument, and what follows it is the script's. Options are code, or may be. */
const takeScripts = `
  clisp csh elixir elvish es expect fennel fish groovy guile hush ion irb julia ksh ksh93 lksh loksh lua luajit mksh mrsh
  node nodejs nu ocaml ocamlrun octave oksh osascript osh php posh pwsh racket rc rksh Rscript runghc runhaskell rzsh
  sash scsh swipl tclsh tcsh wish xonsh yash ysh zsh`;
const posixShells = new Set(["sh", "bash", "dash", "ash", "rbash"]);
const languages: ReadonlyMap<string, RegExp> = new Map([
  ...namesIn(takeScripts).map((name) => [name, /^(?!)/] as const),
  ...["python", "pypy"].map((name) => [name, /^-[uBIEsS]+$/] as const),
  ["perl", /^-[wTt]+$/],
  ["ruby", /^-[wW]$/],
]);

/**
 * An interpreter runs what it is given: a script file, which is one of its arguments and so named by a rule, or its
 * input, which is why naming it alone (`execute("bash")`) gives a free shell. What it takes from its arguments is
 * read where it is a shell's (`sh -c`), and `unknown` otherwise.
 */
export function interpreterRuns(name: string, args: readonly Argument[], reading: Reading): void {
  if (posixShells.has(name)) return shellRuns(name, args, reading);
  const flags = languages.get(name);
  if (!flags) return;
  const first = args.find(({ text }) => text === undefined || !flags.test(text));
  if (first && (first.text === undefined || (first.text.startsWith("-") && first.text !== "-")))
    reading.unknown(`${name} ${first.shown}: it may be code`);
}

function shellRuns(name: string, [first, script]: readonly Argument[], reading: Reading): void {
  if (first === undefined || first.text === "-s" || first.text === "-") return;
  if (first.text === undefined) return reading.unknown(`${name}: its script is not told by the text`);
  if (!/^[-+]/.test(first.text)) return;
  if (!/^-[eux]*c$/.test(first.text) || script?.text === undefined || script.pattern)
    return reading.unknown(`${name} ${first.text}`);
  const text = script.text;
  if (/^[-+]/.test(text)) return reading.unknown(`${name} ${first.text} ${text}`);
  reading.within(() => readText(text, reading));
}
