import type { Entry } from "./entry.ts";

/**
 * The writing end of one process's chain. `append` copies the entry into a mapped segment: from the
 * next instruction on it outlives the death of this process. The recorder thread makes it durable.
 */
export interface Trail {
  /** The entry's sequence number in this stream. Throws PosternError `trail.full` or `trail.dead`. */
  append(entry: Entry): number;
  /** undefined when `seq` is durable already. Rejects with PosternError `trail.late` after the limit. */
  durable(seq: number): Promise<void> | undefined;
  readonly strict: boolean;
  /** Opens a recording in this process's recording log. */
  record(session: string): import("../guardrail.ts").Recording & { close(): void };
  close(): Promise<void>;
}
