import { PosternError } from "../../error.ts";
import type { ClientLaunch } from "../../protocol.ts";

/** An ordinary client that plugins of this package start, and the variables that it may be given. */
export interface KnownClient {
  readonly program: string;
  readonly variables: readonly string[];
  /**
   * Where variables alone do not do: what to run with them. What stands behind `--` is this client's arguments then.
   * `folder`: for this run and its owner alone, removed afterwards. Throws PosternError `connect.*`.
   */
  prepare?(given: Readonly<Record<string, string>>, args: readonly string[], folder: string): Prepared;
}

export interface Prepared {
  readonly command: readonly [string, ...string[]];
  /** Beside the caller's own. */
  readonly environment: Readonly<Record<string, string>>;
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
