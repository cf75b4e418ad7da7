import { parseArgs } from "node:util";
import type { ExtentName } from "./scenario.ts";

export const usage = `npm run bench -- postgres [--short] [--json FILE] [--svg FILE]
npm run bench -- http [--short | --inside] [--json FILE]
npm run bench -- ssh [--short] [--json FILE]
npm run bench -- goals [postgres | http | ssh] [--short | --smoke] [--json FILE]
npm run bench -- guard [postgres | bulk | http | ssh] [--write-baseline]
npm run bench -- growth [--short]
npm run bench -- endings
npm run bench -- classify FOLDER

  postgres           the same load directly, through HAProxy, PgBouncer, a bare relay and Postern; an hour, with --short 15 minutes
  http               requests and bulk: directly, through HAProxy, nginx and Postern; with --inside what a request costs between
                     sockets that do not exist, and what it allocates: under a minute
  ssh                scp, commands and keys: directly, through an sshd as a jump host, and through Postern
  goals              every row of the table of goals with its figure, its spread, met or missed; with a word, those of that
                     protocol; about half an hour, with --short ten minutes
  guard              measures only what is stable on a busy machine, and fails where it is worse than bench/baseline.json;
                     with a word, only that part; about two minutes
  growth             what cost grows with, a chart each in bench/results; three minutes
  endings            how soon callers read why, after \`postern revoke\` and SCIM ended their access; under a minute
  classify           what it costs to tell what a statement does, over the .sql files in a folder; fails beyond its goals

  --short            fewer rounds, shorter runs: for a look
  --smoke            every step once, as briefly as can be: whether it works; its figures mean nothing
  --json FILE        every reading, medians and ratios; of goals every row besides
  --svg FILE         the chart; bench/results/postgres.svg if not given
  --write-baseline   makes what was measured the new baseline
`;

const flags = {
  short: { type: "boolean" },
  smoke: { type: "boolean" },
  inside: { type: "boolean" },
  "write-baseline": { type: "boolean" },
  json: { type: "string" },
  svg: { type: "string" },
} as const;
type Flag = keyof typeof flags;

interface Command {
  readonly takes: readonly Flag[];
  /** What may stand behind it; absent: nothing. */
  readonly word?: readonly string[] | "a folder";
}

const commands = {
  postgres: { takes: ["short", "json", "svg"] },
  http: { takes: ["short", "inside", "json"] },
  ssh: { takes: ["short", "json"] },
  goals: { takes: ["short", "smoke", "json"], word: ["postgres", "http", "ssh"] },
  guard: { takes: ["write-baseline"], word: ["postgres", "bulk", "http", "ssh"] },
  growth: { takes: ["short"] },
  endings: { takes: [] },
  classify: { takes: [], word: "a folder" },
} as const satisfies Readonly<Record<string, Command>>;
export type CommandName = keyof typeof commands;

/** What is to be measured, and how. */
export interface Options {
  readonly command: CommandName;
  readonly word: string | undefined;
  readonly extent: Exclude<ExtentName, "guard">;
  readonly inside: boolean;
  readonly writeBaseline: boolean;
  readonly json: string | undefined;
  readonly svg: string | undefined;
}

/** Throws an Error with the usage for anything it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const [command = "", word, ...more] = positionals;
  if (!isCommand(command) || more.length > 0) throw wrong(command === "" ? "what?" : positionals.join(" "));
  const { takes, word: words }: Command = commands[command];
  const stray = Object.keys(values).find((flag) => !takes.some((known) => known === flag));
  if (stray !== undefined) throw wrong(`${command} --${stray}`);
  const known = word === undefined || words === "a folder" || words?.includes(word);
  if (!known) throw wrong(`${command} ${word}`);
  return {
    command,
    word,
    extent: values.smoke ? "smoke" : values.short ? "short" : "long",
    inside: values.inside ?? false,
    writeBaseline: values["write-baseline"] ?? false,
    json: values.json,
    svg: values.svg,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: flags });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function wrong(what: string): Error {
  return new Error(`bench: ${what}\n\n${usage}`);
}
