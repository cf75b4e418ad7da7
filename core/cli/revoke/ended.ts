import type { Ended } from "../../ending.ts";
import { PosternError } from "../../error.ts";

export interface EndedFlags {
  readonly kind?: string;
  readonly issuer?: string;
}

const kinds = ["identity", "login", "credential", "session", "grant"] as const;
type Kind = (typeof kinds)[number];

const prefixes: readonly (readonly [string, Kind])[] = [
  ["pc_", "credential"],
  ["ses_", "session"],
  ["grant_", "grant"],
];

/** What a name on the command line means: an id says it by its form, anything else is a subject. Throws PosternError `cli.usage`. */
export function endedOf(name: string, { kind, issuer }: EndedFlags): Ended {
  const guessed = prefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? "identity";
  const known = kinds.find((one) => one === (kind ?? guessed));
  if (!known) throw usage(`There is no kind ${JSON.stringify(kind)}.`, `Kinds: ${kinds.join(", ")}.`);
  if (known === "identity")
    return { kind: known, subject: name, ...(issuer === undefined ? {} : { issuer }) };
  if (known === "login") {
    if (issuer === undefined) throw usage("A login session is one of some provider.", "Add --issuer.");
    return { kind: known, issuer, session: name };
  }
  if (issuer !== undefined) throw usage(`A ${known} has no issuer.`, "Leave out --issuer.");
  return { kind: known, id: name };
}

function usage(message: string, hint: string): PosternError {
  return new PosternError("cli.usage", message, { hint });
}
