import { type Argument, untold } from "./argument.ts";
import type { CommandContext } from "./reading.ts";
import { archives } from "./runners/archives.ts";
import { builds } from "./runners/builds.ts";
import { databases } from "./runners/databases.ts";
import { languages } from "./runners/languages.ts";
import { machines } from "./runners/machines.ts";
import { network } from "./runners/network.ts";
import { screens } from "./runners/screens.ts";
import { starters } from "./runners/starters.ts";
import { texts } from "./runners/texts.ts";
import { buildTools } from "./tools/build.ts";
import { dataTools } from "./tools/data.ts";
import { networkTools } from "./tools/network.ts";
import { systemTools } from "./tools/system.ts";

/**
 * A program that can run others because of its arguments (or its input), and the arguments with which it is known not
 * to. What is not listed is `unknown`, so that an option that is new or abbreviated is never taken for a harmless one.
 */
export interface Tool {
  /** How it runs others. */
  readonly why: string;
  /** The options that are harmless, each whole. None: whatever its arguments are, it is not known what it runs. */
  readonly options?: RegExp;
  /** What the arguments that are no options must look like; any when absent. */
  readonly operands?: RegExp;
  /** What the first of those must look like: a subcommand. */
  readonly first?: RegExp;
  /** With a terminal it shows its output through a pager. */
  readonly pager?: true;
}

/** How they run others, whatever their arguments are: their names, in order. */
export type Runners = Readonly<Record<string, string>>;

/** Each list of the catalogue, so that its order can be tested. */
export const runners: readonly Runners[] = [
  archives,
  builds,
  databases,
  languages,
  machines,
  network,
  screens,
  starters,
  texts,
];

export const tools: ReadonlyMap<string, Tool> = new Map([
  ...runners.flatMap((table) =>
    Object.entries(table).flatMap(([why, names]) => namesIn(names).map((name) => [name, { why }] as const)),
  ),
  ...[systemTools, dataTools, networkTools, buildTools].flatMap((table) =>
    Object.entries(table).flatMap(([names, tool]) => namesIn(names).map((name) => [name, tool] as const)),
  ),
]);

export function namesIn(list: string): string[] {
  return list.trim().split(/\s+/);
}

/** Why with these arguments it may run something else, in words behind its name; undefined: it is known not to. */
export function doubtIn(
  tool: Tool,
  args: readonly Argument[],
  { terminal = false }: CommandContext,
): string | undefined {
  const { why, options, operands, first, pager = false } = tool;
  if (!options) return ` may run other programs, whatever its arguments are: ${why}`;
  if (pager && terminal && !args.some(({ text }) => text === "--no-pager"))
    return " shows its output in a pager, which may run other programs: give it --no-pager";
  const rest = args.filter(({ text, pattern }) => pattern || !text?.startsWith("-") || text === "-");
  const odd =
    rest.find(({ text }) => text === undefined || (operands && !operands.test(text))) ??
    (first && !first.test(rest[0]?.text ?? "") ? (rest[0] ?? untold) : undefined) ??
    args.find((arg) => !rest.includes(arg) && !options.test(arg.text ?? ""));
  return odd && ` ${odd.shown} is not known to run no other program (${why})`;
}
