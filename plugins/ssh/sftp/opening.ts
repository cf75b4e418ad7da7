import type { Action } from "../../../core/plugin.ts";
import { openFlags } from "./message.ts";

export interface Opening {
  readonly reads: boolean;
  readonly writes: boolean;
  /** A link at the end is not followed: something there is an error. */
  readonly exclusive: boolean;
  readonly text: string;
  actions(path: string): Action[];
}

const all = Object.values(openFlags).reduce((now, flag) => now | flag, 0);

/** What the flags of an OPEN ask for, as OpenSSH's server and Linux read them. */
export function openFile(flags: number): Opening {
  const { read, write, append, create, truncate, exclusive } = openFlags;
  // Neither is O_RDONLY, which is 0; and truncating and creating are done for whoever only reads, too.
  const reads = (flags & read) !== 0 || (flags & write) === 0;
  const writes = (flags & (write | append | create | truncate)) !== 0;
  const unknown = (flags & ~all) !== 0;
  const names = Object.entries(openFlags).flatMap(([name, flag]) => ((flags & flag) === 0 ? [] : name));
  return {
    reads,
    writes,
    exclusive: (flags & create) !== 0 && (flags & exclusive) !== 0,
    text: ` flags=${names.join(",")}${unknown ? `,${flags}` : ""}`,
    actions: (on) => [
      ...(unknown ? [{ effect: "unknown" as const, on }] : []),
      ...(reads ? [{ effect: "read" as const, on }] : []),
      ...(writes ? [{ effect: "write" as const, on }] : []),
    ],
  };
}
