import { dirname, resolve } from "node:path";
import type { ControlClient } from "../client.ts";
import type { CallerFlags } from "../flags.ts";
import type { Again } from "./known.ts";

export interface AgainFor {
  readonly resource: string;
  readonly program: string;
  readonly ttl: string;
  /** Where the credential is kept between two questions. */
  readonly keep: string;
  readonly ca: string | undefined;
}

/** The command, whatever folder it is started in. No secret is among its arguments: a token comes from where it came from now. */
export function againBy(
  { target }: Pick<ControlClient, "target">,
  { tokenFile }: CallerFlags,
  own: readonly [string, ...string[]],
  { resource, program, ttl, keep, ca }: AgainFor,
): Again {
  const to =
    "socket" in target
      ? ["--data", dirname(target.socket)]
      : ["--gateway", target.url, ...(target.ca === undefined ? [] : ["--ca", target.ca])];
  const by = tokenFile === undefined ? [] : ["--token-file", resolve(tokenFile)];
  const issue = ["credentials", "issue", resource, "--for", program, "--ttl", ttl, "--keep", keep];
  return { command: [...own, ...issue, ...to, ...by], ca };
}

/** This very program. */
export function ourselves(): readonly [string, ...string[]] {
  return [process.execPath, Bun.main];
}

/** As people call it, where that leads here; else this very program. */
export function installed(path: string | undefined): readonly [string, ...string[]] {
  return Bun.which("postern", { PATH: path ?? "" }) === null ? ourselves() : ["postern"];
}
