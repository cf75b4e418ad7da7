import type { ChannelEvent, Outcome, Pass, Statement } from "../../../core/plugin.ts";
import { Moved } from "./moved.ts";

/** A file or a folder that the caller has open, until it closes it: one operation. */
export class OpenFile {
  readonly read = new Moved();
  readonly written = new Moved();
  #over = false;

  constructor(
    readonly path: string,
    /** Decided again for each use of the handle, where the policy changed. */
    readonly statement: Statement,
    readonly pass: Pass,
    readonly as: { readonly folder: boolean; readonly reads: boolean; readonly writes: boolean },
  ) {}

  /** Writes the outcome; returns what the recording keeps. Once. */
  over(result: Outcome["result"], code?: string): ChannelEvent[] {
    if (this.#over) return [];
    this.#over = true;
    const { path, as, read, written } = this;
    const opened = result !== "error";
    const reading =
      as.reads && opened && !as.folder ? { bytes: read.bytes, sha256: read.sha256() } : undefined;
    const writing = as.writes && opened ? { bytes: written.bytes, sha256: written.sha256() } : undefined;
    this.pass.end({
      result,
      ...(code === undefined ? {} : { code }),
      ...(reading ? { bytes: reading.bytes } : {}),
      ...(writing?.sha256 === undefined ? {} : { received: { ...writing, sha256: writing.sha256 } }),
    });
    const whole = result === "ok";
    const events: ChannelEvent[] = [];
    if (reading) events.push(moved("read", path, reading, whole));
    if (writing) events.push(moved("write", path, writing, whole));
    return events;
  }
}

function moved(
  operation: string,
  path: string,
  { bytes, sha256 }: { bytes: number; sha256: string | undefined },
  whole: boolean,
): ChannelEvent {
  return {
    ...{ event: "file", operation, path, bytes },
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(whole ? {} : { whole }),
  };
}
