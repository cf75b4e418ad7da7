import type { Argument } from "./argument.ts";
import { harmlessFor, ownVariable } from "./harmless.ts";

type Check = (args: readonly Argument[]) => boolean;

const always: Check = () => true;
const never: Check = () => false;
const all =
  (allowed: RegExp): Check =>
  (args) =>
    args.every(({ text, pattern }) => text !== undefined && !pattern && allowed.test(text));

/** Names of variables may hold an index, which bash evaluates, commands and all: `test -v 'a[$(id)]'`. */
const variables: Check = (args) =>
  args.every(({ text, pattern }) => text !== undefined && !pattern && (text === "-r" || ownVariable(text)));

const exported: Check = (args) =>
  args.every(({ text, pattern }) => {
    const [name = "", value] = /^(\w+)=(.*)$/s.exec(text ?? "")?.slice(1) ?? [];
    return !pattern && harmlessFor(name, value);
  });

const printed: Check = ([format]) =>
  format === undefined ||
  (format.text !== undefined && !format.pattern && !/^-|%[^a-zA-Z%]*[hlLqjzt]*[n(]/.test(format.text));

/**
 * What a builtin does to the shell that goes on after it: whether everything that follows still does what it says.
 * What is no builtin in sh and one in bash is here as well.
 */
export const builtins: ReadonlyMap<string, Check> = new Map<string, Check>([
  ...[":", "true", "false", "echo", "cd", "pwd", "exit", "break", "continue", "times", "type"].map(
    (name) => [name, always] as const,
  ),
  ...["test", "["].map((name) => [name, all(/^(?!-[vRao]$)/)] as const),
  ["printf", printed],
  ["read", variables],
  ["unset", variables],
  ["export", exported],
  ["set", all(/^[-+][eux]+$/)],
  ["umask", all(/^[0-7]+$/)],
  ["wait", all(/^\d+$/)],
  ["kill", all(/^(-?\d+|-[A-Z0-9]+)$/)],
  ["exec", (args) => !args[0]?.text?.startsWith("-")],
  ["command", ([first]) => first === undefined || !/^-[^vV]/.test(first.text ?? "-p")],
  ...(
    "eval . source trap alias unalias builtin declare typeset local readonly let shift return getopts hash enable shopt " +
    "mapfile readarray bind complete compgen compopt fc history coproc suspend disown bg fg jobs ulimit caller logout pushd " +
    "popd dirs help setvar"
  )
    .split(" ")
    .map((name) => [name, never] as const),
]);
