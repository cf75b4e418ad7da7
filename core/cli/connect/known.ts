import { PosternError } from "../../error.ts";
import type { ClientLaunch } from "../../protocol.ts";

/** An ordinary client that plugins of this package start, and the variables that it may be given. */
export interface KnownClient {
  readonly program: string;
  readonly variables: readonly string[];
}

/**
 * A gateway elsewhere says what to start and with which variables: no more than this command line knows of by itself,
 * or whoever runs that gateway would run programs here. Throws PosternError `connect.unknown-client`.
 */
export function checkLaunch(launch: ClientLaunch, clients: readonly KnownClient[]): void {
  const [program = "", ...rest] = launch.command;
  const known = clients.find((client) => client.program === program);
  if (!known || rest.length > 0) throw unknown(`start ${JSON.stringify(launch.command.join(" "))}`);
  for (const name of [...Object.keys(launch.environment), ...(launch.without ?? [])]) {
    if (!known.variables.includes(name)) throw unknown(`change the variable ${JSON.stringify(name)}`);
  }
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
