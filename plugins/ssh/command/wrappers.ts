import { type Argument, untold } from "./argument.ts";
import { harmlessFor } from "./harmless.ts";
import { runProgram } from "./program.ts";
import type { Reading } from "./reading.ts";

/** A program that runs the command which its last arguments are, and does nothing else. */
interface Wrapper {
  /** Options that stand alone, or hold their value. */
  readonly flags?: RegExp;
  /** Options whose value is the next argument. */
  readonly values?: RegExp;
  /** Arguments of its own before the command, and how each looks. */
  readonly own?: readonly RegExp[];
  /** Options with which it does not wait for what it runs. */
  readonly leaves?: RegExp;
  /** Takes `NAME=value` before the command. */
  readonly assigns?: true;
  /** Runs the command with more arguments, read from its input. */
  readonly adds?: true;
  /** What it runs when no command is given. */
  readonly otherwise?: Argument;
}

const wrappers: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ["command", { flags: /^-[vV]$/ }],
  ["exec", {}],
  ["nice", { flags: /^(-\d+|-n-?\d+|--adjustment=-?\d+)$/, values: /^(-n|--adjustment)$/ }],
  ["nohup", {}],
  ["setsid", { flags: /^(-[cfw]+|--ctty|--fork|--wait)$/, leaves: /^-(\w*f|-fork$)/ }],
  ["time", { flags: /^-p$/ }],
  ["stdbuf", { flags: /^(-[ioe]([L0]|\d+[KM]?)|--(input|output|error)=[L\dKM]+)$/, values: /^-[ioe]$/ }],
  ["ionice", { flags: /^(-t|-c[0-3]|-n[0-7])$/, values: /^-[cn]$/ }],
  ["taskset", { flags: /^-c$/, own: [/^[\da-fx,-]+$/] }],
  ["chrt", { flags: /^-[frobi]$/, own: [/^\d+$/] }],
  [
    "timeout",
    {
      flags: /^(-v|--verbose|--foreground|--preserve-status|--(signal|kill-after)=\w+|-[sk]\w+)$/,
      values: /^(-[sk]|--signal|--kill-after)$/,
      own: [/^\d+(\.\d+)?[smhd]?$/],
    },
  ],
  [
    "sudo",
    {
      flags: /^(-[nHkSbEP]+|-u\w+|--user=\w+)$/,
      values: /^(-u|-g|--user|--group)$/,
      leaves: /^-\w*b/,
      assigns: true,
    },
  ],
  ["doas", { flags: /^-n$/, values: /^-u$/ }],
  [
    "env",
    { flags: /^(-i|-u\w+|--unset=\w+|--ignore-environment)$/, values: /^(-u|--unset)$/, assigns: true },
  ],
  [
    "xargs",
    {
      flags: /^(-[0rtx]+|-[nPLsd]\S+|--(null|no-run-if-empty|verbose))$/,
      values: /^-[nPLsd]$/,
      adds: true,
      otherwise: { text: "echo", shown: "echo" },
    },
  ],
]);

/** What this program runs, when it is one that only runs another; `unknown` where its arguments do not tell. */
export function wrapped(name: string, args: readonly Argument[], reading: Reading): void {
  const wrapper = wrappers.get(name);
  if (!wrapper) return;
  const begins = commandBegins(wrapper, args);
  if (begins === undefined) return reading.unknown(`what ${name} runs: a word before it may be anything`);
  const own = args.slice(0, begins);
  if (reading.context.stays && own.some(({ text }) => wrapper.leaves?.test(text ?? "")))
    reading.unknown(`${name} leaves it running`);
  const inner = args.slice(begins);
  if (inner.length === 0 && wrapper.otherwise) inner.push(wrapper.otherwise);
  if (inner.length === 0 || (name === "command" && /^-[vV]$/.test(args[0]?.text ?? ""))) return;
  if (wrapper.adds) inner.push(untold);
  reading.within(() => runProgram(inner, reading));
}

/** undefined: an argument before the command that may be anything. */
function commandBegins(wrapper: Wrapper, args: readonly Argument[]): number | undefined {
  const own = [...(wrapper.own ?? [])];
  let at = 0;
  for (; at < args.length; at++) {
    const { text, pattern } = args[at] ?? untold;
    if (text === undefined || pattern) return undefined;
    if (text === "--") {
      at++;
      break;
    }
    if (wrapper.values?.test(text)) {
      const value = args[++at];
      if (value?.text === undefined || !/^[\w.-]+$/.test(value.text)) return undefined;
    } else if (!wrapper.flags?.test(text)) break;
  }
  for (; at < args.length; at++) {
    const { text = "", pattern } = args[at] ?? untold;
    const assigned = wrapper.assigns && !pattern ? /^(\w+)=(.*)$/s.exec(text) : null;
    const expected = own[0];
    if (assigned) {
      if (!harmlessFor(assigned[1] ?? "", assigned[2])) return undefined;
    } else if (expected) {
      if (pattern || !expected.test(text)) return undefined;
      own.shift();
    } else return pattern || text.startsWith("-") || text.includes("=") ? undefined : at;
  }
  return at;
}
