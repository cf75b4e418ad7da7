import type { Readable } from "node:stream";
import type { Gate, HeldOperation, Reason } from "../../../core/plugin.ts";
import type { Note } from "./owed.ts";

/** What one SFTP conversation runs between, and whom it asks. */
export interface SftpEnds {
  readonly gate: Gate;
  readonly caller: Readable;
  readonly host: Readable;
  /** A promise: nothing more should be read for that side until it is kept. Pieces leave in order. */
  toCaller(bytes: Uint8Array): Promise<void> | undefined;
  toHost(bytes: Uint8Array): Promise<void> | undefined;
  /** The caller sends nothing more. */
  endHost(): void;
  /** Why something was refused, to the channel's error output: a client shows it, where few show a STATUS's text. */
  refused(reason: Reason): void;
  /** An operation waits for a person. */
  held(hold: HeldOperation): void;
  readonly note: Note;
}
