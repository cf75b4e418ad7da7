import { Command } from "commander";
import { type Exit, exits } from "./exit.ts";

export interface Lesson {
  /** Half a line, for the list of commands. */
  readonly summary: string;
  /** What it does and what one should know. */
  readonly description: string;
  readonly examples?: readonly string[];
  /** Besides 0 and 2. */
  readonly exits?: readonly Exit[] | Partial<Record<Exit, string>>;
}

/** A command whose help teaches: what it does, examples, exit codes. */
export function command(name: string, lesson: Lesson): Command {
  const made = new Command(name).summary(lesson.summary).description(lesson.description);
  const { examples = [], exits: own } = lesson;
  if (examples.length > 0)
    made.addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  if (own) made.addHelpText("after", `\nExit codes:\n${exitLines(own)}`);
  return made;
}

/** A noun with commands under it. */
export function noun(name: string, description: string, commands: readonly Command[]): Command {
  const made = new Command(name).summary(description).description(description);
  for (const one of commands) made.addCommand(one);
  return made;
}

function exitLines(own: NonNullable<Lesson["exits"]>): string {
  const told: Partial<Record<Exit, string>> = { 0: exits[0], 2: exits[2] };
  if (Array.isArray(own)) for (const code of own as readonly Exit[]) told[code] = exits[code];
  else Object.assign(told, own);
  return Object.entries(told)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join("\n");
}
