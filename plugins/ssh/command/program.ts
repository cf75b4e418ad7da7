import { type Argument, commandLine } from "./argument.ts";
import { builtins } from "./builtins.ts";
import { doubtIn, tools } from "./catalogue.ts";
import { filesOf } from "./files.ts";
import { findRuns } from "./find.ts";
import { interpreterRuns } from "./interpreters.ts";
import { namesOf } from "./name.ts";
import type { Reading } from "./reading.ts";
import { transfers } from "./transfer.ts";
import { wrapped } from "./wrappers.ts";

/** One program (or builtin) with its arguments, and what it runs and touches because of them. */
export function runProgram(words: readonly Argument[], reading: Reading): void {
  const [program, ...args] = words;
  if (program?.text === undefined || program.pattern)
    return reading.unknown("the name of a program is not told by the text");
  const on = commandLine(words);
  const within = program.shown;
  reading.add({ effect: "execute", on, ...(on === within ? {} : { within }) });
  const builtin = program.text.includes("/") ? undefined : builtins.get(program.text);
  if (builtin && !builtin(args)) reading.unknown(`${on}: it may change what later words mean`);
  const base = program.text.slice(program.text.lastIndexOf("/") + 1);
  for (const name of namesOf(base)) {
    const tool = tools.get(name);
    const doubt = tool && doubtIn(tool, args, reading.context);
    if (doubt !== undefined) reading.unknown(`${program.shown}${doubt}`);
    if (name === "find") findRuns(args, reading);
    wrapped(name, args, reading);
    interpreterRuns(name, args, reading);
    filesOf(name, args, reading);
    transfers(name, args, reading);
  }
}
