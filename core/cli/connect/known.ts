import { PosternError } from "../../error.ts";
import type { ClientLaunch } from "../../protocol.ts";

/** An ordinary client that plugins of this package start, and the variables that it may be given. */
export interface KnownClient {
  readonly program: string;
  readonly variables: readonly string[];
  /**
   * Where variables alone do not do: what to run with them. What stands behind `--` is this client's arguments then.
   * `folder`: for this run and its owner alone, removed afterwards. `again`: how it asks for a credential while it runs.
   * Throws PosternError `connect.*`.
   */
  prepare?(
    given: Readonly<Record<string, string>>,
    args: readonly string[],
    folder: string,
    again: Again,
  ): Prepared;
  /** Where it is told of a resource once and not at each start: what `connect` does without a command. Throws as `prepare` does. */
  settings?(given: Readonly<Record<string, string>>, again: Again): Settings;
  /** What it reads from a program that it asks for a credential (`credentials issue --for`). */
  credential?(issued: IssuedFor, environment: Readonly<Record<string, string | undefined>>): string;
}

/** How this command line is asked for a credential for the same resource, of the same gateway, as the same person. */
export interface Again {
  readonly command: readonly [string, ...string[]];
  /** PEM file of what the gateway's certificate leads to; undefined: what clients trust anyway. */
  readonly ca: string | undefined;
}

export interface IssuedFor {
  readonly user: string;
  readonly password: string;
  /** Epoch milliseconds. */
  readonly expires: number;
}

export interface Settings {
  /** For a file, or to look at; without a secret. */
  readonly text: string;
  /**
   * Puts it where the client looks, beside what is there; absent: there is no such place. Returns what to tell whoever asked.
   * Throws PosternError `connect.*`.
   */
  write?(environment: Readonly<Record<string, string | undefined>>): string;
}

export interface Prepared {
  readonly command: readonly [string, ...string[]];
  /** Beside the caller's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** What `again` says first: the credential that is there already. */
  readonly issued?: Pick<IssuedFor, "user" | "password">;
}

/**
 * A gateway elsewhere says what to start and with which variables: no more than this command line knows of by itself,
 * or whoever runs that gateway would run programs here. Throws PosternError `connect.unknown-client`.
 */
export function checkLaunch(launch: ClientLaunch, clients: readonly KnownClient[]): void {
  const known = knownClient(launch, clients);
  if (!known || launch.command.length > 1) throw unknown(`start ${JSON.stringify(launch.command.join(" "))}`);
  for (const name of [...Object.keys(launch.environment), ...(launch.without ?? [])]) {
    if (!known.variables.includes(name)) throw unknown(`change the variable ${JSON.stringify(name)}`);
  }
}

export function knownClient(
  { command: [program] }: ClientLaunch,
  clients: readonly KnownClient[],
): KnownClient | undefined {
  return clients.find((client) => client.program === program);
}

function unknown(wish: string): PosternError {
  return new PosternError(
    "connect.unknown-client",
    `The gateway wants to ${wish}, which is not known here.`,
    {
      hint: "Is it your gateway? Then its protocol may be newer than this command: update it, or use `postern credentials issue`.",
    },
  );
}
