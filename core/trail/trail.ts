import type { Entry } from "./entry.ts";

/**
 * The writing end of one process's chain. `append` copies the entry into a mapped segment: from the
 * next instruction on it outlives the death of this process. The recorder thread makes it durable.
 */
export interface Trail {
  /**
   * The entry's sequence number in this stream. Throws PosternError `trail.full` (`trail.too-large` for
   * an entry over 1 MiB); for `open`, `operation` and `hold` also `trail.late` and `trail.dead`. What ends
   * something that was admitted finds room on a full disk, and is written while the process lives. `again`: this very
   * object is appended more than once and never changes, so that what it comes to is kept with it. `now`:
   * performance.now(), where the caller has just looked.
   */
  append(entry: Entry, again?: boolean, now?: number): number;
  /** undefined when `seq` is durable already. Rejects with PosternError `trail.late` or `trail.dead`. */
  durable(seq: number): Promise<void> | undefined;
  readonly strict: boolean;
  /** Opens a recording in this process's recording log. */
  record(session: string): import("../guardrail.ts").Recording & { close(): void };
  close(): Promise<void>;
}
