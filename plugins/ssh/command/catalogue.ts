import type { Argument } from "./argument.ts";
import type { CommandContext } from "./reading.ts";
import { buildTools } from "./tools/build.ts";
import { dataTools } from "./tools/data.ts";
import { networkTools } from "./tools/network.ts";
import { screenTools } from "./tools/screen.ts";
import { systemTools } from "./tools/system.ts";

/**
 * A program that can run others because of its arguments (or its input), and the arguments with which it is known not
 * to. What is not listed is `unknown`, so that an option that is new or abbreviated is never taken for a harmless one.
 */
export interface Tool {
  /** How it runs others. */
  readonly why: string;
  /** The options that are harmless, each whole. None: it is never known what it runs. */
  readonly options?: RegExp;
  /** What the arguments that are no options must look like; any when absent. */
  readonly operands?: RegExp;
  /** What the first of those must look like: a subcommand. */
  readonly first?: RegExp;
  /** With a terminal it shows its output through a pager. */
  readonly pager?: true;
}

export const tools: ReadonlyMap<string, Tool> = new Map(
  [systemTools, dataTools, networkTools, buildTools, screenTools].flatMap((table) =>
    Object.entries(table).flatMap(([names, tool]) => names.split(" ").map((name) => [name, tool] as const)),
  ),
);

/** Whether with these arguments it is known to run nothing else. */
export function isKnown(
  tool: Tool,
  args: readonly Argument[],
  { terminal = false }: CommandContext,
): boolean {
  const { options, operands, first, pager = false } = tool;
  if (!options) return false;
  if (pager && terminal && !args.some(({ text }) => text === "--no-pager")) return false;
  const rest = args.filter(({ text, pattern }) => pattern || !text?.startsWith("-") || text === "-");
  if (rest.some(({ text }) => text === undefined || (operands && !operands.test(text)))) return false;
  if (first && !first.test(rest[0]?.text ?? "")) return false;
  return args.every((arg) => rest.includes(arg) || options.test(arg.text ?? ""));
}
