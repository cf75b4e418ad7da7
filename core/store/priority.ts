import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename } from "node:path";

/**
 * Lets the thread that calls it run after those that carry traffic, when there is not enough CPU for all: the
 * index catches up later. Linux gives threads a priority each; elsewhere nothing changes.
 */
export function yieldToTraffic(): void {
  try {
    const thread = Number(basename(readlinkSync("/proc/thread-self")));
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // No /proc, or a sandbox that forbids it: the index takes its share like everybody.
  }
}
