import { parseArgs } from "node:util";

export const usage = `npm run bench -- postgres [--short] [--json FILE] [--svg FILE]
npm run bench -- postgres --guard [--write-baseline]
npm run bench -- goals [postgres] [--short]
npm run bench -- growth [--short]
npm run bench -- endings
npm run bench -- ssh [--short]
npm run bench -- http [--short | --inside]
npm run bench -- http --guard [--write-baseline]
npm run bench -- classify FOLDER

  --short            fewer rounds, shorter runs: for a look, about ten minutes; else about an hour
  --json FILE        every reading, medians and ratios
  --svg FILE         the chart; bench/results/postgres.svg if not given
  --guard            measures only what is stable on a busy machine, and fails where it is worse than bench/baseline.json;
                     always short, under two minutes
  goals              every row of the table of goals with its figure, met or missed; with a word, those of that protocol
  growth             what cost grows with, a chart each in bench/results
  endings            how soon callers read why, after \`postern revoke\`, SCIM and CAEP ended their access; under a minute
  ssh                scp, commands and keys: direct, through an sshd as a jump host, and through Postern; a minute with --short
  http               requests and bulk: directly, through HAProxy, nginx and Postern; two minutes with --short; with --inside
                     what a request costs between sockets that do not exist, and what it allocates: under a minute
  classify           what it costs to tell what a statement does, over the .sql files in a folder; fails beyond its goals
  --write-baseline   with --guard: makes what was measured the new baseline
`;

export interface Options {
  readonly extent: "short" | "long";
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly guard: boolean;
  readonly writeBaseline: boolean;
}

/** Throws an Error with the usage for anything it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      short: { type: "boolean", default: false },
      json: { type: "string" },
      svg: { type: "string" },
      guard: { type: "boolean", default: false },
      "write-baseline": { type: "boolean", default: false },
    },
  });
  if (positionals.length !== 1 || positionals[0] !== "postgres") throw new Error(usage);
  return {
    extent: values.short ? "short" : "long",
    json: values.json,
    svg: values.svg,
    guard: values.guard,
    writeBaseline: values["write-baseline"],
  };
}
