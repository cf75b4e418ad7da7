import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Entry, Head } from "./entry.ts";
import { segmentsIn } from "./frames.ts";
import { follow, trailFolder } from "./read.ts";

/** All streams in a data folder, by name. */
export function streams(dataDir: string): string[] {
  try {
    return readdirSync(join(dataDir, "trail"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "keys")
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** Written by the supervisor before a worker opens its stream: a stream removed whole is missed then. */
export function workerStarted(stream: string): Entry {
  return { kind: "admin", what: workerStart, by: "supervisor", target: stream };
}
export const workerStart = "worker-start";

/** The streams that the `start` entry of this one commits to. */
export function previousOf(dataDir: string, stream: string): readonly Head[] {
  const reader = follow(dataDir, stream);
  const first = reader.next();
  reader.close();
  return first?.kind === "start" ? (first.previous ?? []) : [];
}

/** The last good entry of a stream; undefined when it has none. */
export function headOf(dataDir: string, stream: string): Head | undefined {
  const reader = follow(dataDir, stream);
  while (reader.next());
  reader.close();
  const { seq, hash } = reader.position;
  return seq === 0 ? undefined : { stream, seq, hash };
}

/**
 * For the `start` entry of a new supervisor stream: the heads that no later stream commits to yet.
 * What those commit to in turn is held by their chains.
 */
export function heads(dataDir: string): Head[] {
  const all = streams(dataDir);
  const committed = new Set(all.flatMap((stream) => previousOf(dataDir, stream)).map((head) => head.stream));
  return all
    .filter((stream) => !committed.has(stream) && segmentsIn(trailFolder(dataDir, stream)).length > 0)
    .flatMap((stream) => headOf(dataDir, stream) ?? []);
}
