import { readdirSync } from "node:fs";
import { join } from "node:path";
import { genesis, hashBytes } from "./chain.ts";
import type { Entry, Head, Written } from "./entry.ts";
import { Frames, segmentsIn } from "./frames.ts";
import { follow, linked, parseBody, trailFolder } from "./read.ts";
import { headerBytes, trailMagic } from "./segment.ts";
import { StageCheck } from "./stage-check.ts";

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

const workerStart = "worker-start";

/** For the supervisor to write once a worker's stream is open: a stream removed whole is missed then. */
export function workerStarted(stream: string): Entry {
  return { kind: "admin", what: workerStart, by: "supervisor", target: stream };
}

/** The stream whose start this entry tells of. */
export function startedWorker(entry: Entry): string | undefined {
  return entry.kind === "admin" && entry.what === workerStart ? entry.target : undefined;
}

/** The first entry of a stream, when it is a whole `start`. */
export function startOf(
  dataDir: string,
  stream: string,
): Written<Extract<Entry, { kind: "start" }>> | undefined {
  const reader = follow(dataDir, stream);
  const first = reader.next();
  reader.close();
  return first?.kind === "start" ? first : undefined;
}

export interface Last {
  readonly head: Head;
  /** The stream was closed: `stop` and its checkpoint are its last entries. */
  readonly ended: boolean;
  /** Where the entry after it goes. undefined: something else stands there. */
  readonly next: { readonly segment: number; readonly offset: number } | undefined;
}

/**
 * The last good entry of a stream; undefined when it has none. Looks at the last segment that is used, and at what is
 * staged behind it, and trusts the hash of the first entry there. Not `staged`: what no segment has yet counts for nothing.
 */
export function lastOf(dataDir: string, stream: string, staged = true): Last | undefined {
  const dir = trailFolder(dataDir, stream);
  const check = new StageCheck(stream);
  for (const segment of segmentsIn(dir).reverse()) {
    const frames = new Frames(dir, trailMagic, segment, headerBytes, staged);
    let hash: Uint8Array | undefined;
    let seq = 0;
    let [ended, broken] = [false, false];
    for (
      let frame = frames.next();
      frame && (frame.segment === segment || frame.staged);
      frame = frames.next()
    ) {
      const before = hash ?? (frame.segment === 1 ? genesis(stream) : undefined);
      // What it follows is in an earlier segment.
      if (frame.staged && !before) break;
      const next = frame.staged
        ? before && check.fits(frame.payload, seq + 1) && linked(before, frame.payload)
        : storedHash(frame.payload, hash);
      const entry = next ? parseBody(frame.payload) : undefined;
      broken = entry === undefined;
      if (!entry || !next) break;
      ended = entry.kind === "stop" || (ended && entry.kind === "checkpoint");
      seq = entry.seq;
      hash = next;
    }
    const { stop, position } = frames;
    frames.close();
    const next = broken || stop.at === "damaged" ? undefined : position;
    if (hash) return { head: { stream, seq, hash: Buffer.from(hash).toString("hex") }, ended, next };
  }
  return undefined;
}

/** The hash that an entry of a segment carries; undefined where it does not follow the one before, as far as that is known. */
function storedHash(payload: Buffer, before: Uint8Array | undefined): Uint8Array | undefined {
  const stored = payload.subarray(0, hashBytes);
  const fits = !before || stored.equals(linked(before, payload) ?? before);
  return fits ? new Uint8Array(stored) : undefined;
}

/**
 * For the `start` entry of a new supervisor stream: the heads that no later stream commits to yet.
 * What those commit to in turn is held by their chains.
 */
export function heads(dataDir: string): Head[] {
  const all = streams(dataDir);
  const committed = new Set(
    all.flatMap((stream) => (startOf(dataDir, stream)?.previous ?? []).map((head) => head.stream)),
  );
  return all.flatMap((stream) => (committed.has(stream) ? [] : (lastOf(dataDir, stream)?.head ?? [])));
}
