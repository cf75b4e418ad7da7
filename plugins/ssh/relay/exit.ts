import type { ClientChannel, ServerChannel } from "ssh2";
import type { Outcome } from "../../../core/plugin.ts";
import { tellHalfClosed } from "./half-closed.ts";

/** How a command ended, as the host said it (RFC 4254, 6.10). */
export type Exit =
  | { readonly status: number }
  | { readonly signal: string; readonly coreDumped: boolean; readonly message: string };

/** The host said no, or nothing at all; ssh itself shows 255 for what has no status. */
export const refusedStatus = 126;
export const lostStatus = 255;

/** What the host says of the command's end on this channel, as soon as it does. */
export function exitOf(channel: ClientChannel, tell: (exit: Exit) => void): void {
  channel.once("exit", (status: number | null, signal?: string, coreDumped?: unknown, message?: string) => {
    if (status !== null) return tell({ status });
    tell({ signal: signal ?? "", coreDumped: coreDumped === true, message: message ?? "" });
  });
}

export function tellExit(channel: ServerChannel, exit: Exit): void {
  tellHalfClosed(channel, () => {
    try {
      if ("status" in exit) channel.exit(exit.status);
      else channel.exit(exit.signal, exit.coreDumped, exit.message);
    } catch {
      // A signal that ssh2 has no name for: the caller sees that there was no status, as ssh shows it.
    }
  });
}

export function outcomeOf(exit: Exit | undefined): Outcome {
  if (!exit) return { result: "unknown" };
  if (!("status" in exit)) return { result: "error", code: exit.signal };
  return { result: exit.status === 0 ? "ok" : "error", code: String(exit.status) };
}
