import type { Entry, Written } from "./entry.ts";
import { follow } from "./read.ts";
import { releaseStream, sealRecordings } from "./release.ts";
import { restoreStream } from "./restore.ts";
import { lastOf, startOf } from "./streams.ts";
import type { Trail } from "./trail.ts";

export type Abandoned = Extract<Entry, { kind: "abandoned" }>;

/** What the streams of dead processes leave open, and what was found out about it already. */
export interface Unfinished {
  readonly abandoned: readonly Abandoned[];
  /** Files (as `segment` entries name them) whose hash is in the trail. */
  readonly sealed: ReadonlySet<string>;
  /** Streams that were dealt with before. */
  readonly recovered: ReadonlySet<string>;
}

/** Sessions without close, holds without end, operations without outcome, and not yet marked abandoned. */
export function unfinished(dataDir: string, streams: readonly string[]): Unfinished {
  const open = new Map<string, Abandoned>();
  const known = new Set<string>();
  const sealed = new Set<string>();
  const recovered = new Set<string>();
  for (const stream of streams) {
    const reader = follow(dataDir, stream);
    for (const entry of reader) {
      const began = begins(entry, stream);
      if (began) open.set(keyOf(began), began);
      else if (entry.kind === "abandoned") known.add(keyOf(entry));
      else if (entry.kind === "segment") sealed.add(entry.file);
      else if (entry.kind === "admin" && entry.what === "recovered") recovered.add(entry.target ?? "");
      else {
        const ended = endsOf(entry, stream);
        if (ended !== undefined) open.delete(ended);
      }
    }
    reader.close();
  }
  const abandoned = [...open].flatMap(([key, entry]) => (known.has(key) ? [] : [entry]));
  return { abandoned, sealed, recovered };
}

/**
 * Marks as abandoned what dead processes left open, each thing once however often this runs; seals
 * their recordings; gives back the room they had in advance. `streams`: those that the new stream
 * commits to, or that of a worker that died. No process may be writing to them.
 */
export function recover(dataDir: string, trail: Trail, streams: readonly string[]): readonly Abandoned[] {
  const reach = unrecovered(dataDir, streams);
  const { abandoned, sealed, recovered } = unfinished(dataDir, reach);
  for (const entry of abandoned) trail.append(entry);
  for (const stream of reach) {
    if (recovered.has(stream)) continue;
    restoreStream(dataDir, stream);
    releaseStream(dataDir, stream);
    for (const entry of sealRecordings(dataDir, stream, sealed)) trail.append(entry);
    trail.append({ kind: "admin", what: "recovered", by: "gateway", target: stream });
  }
  return abandoned;
}

/** These streams and, where an earlier recovery was itself cut short, those that it did not finish. */
function unrecovered(dataDir: string, streams: readonly string[]): string[] {
  const reach = new Set(streams);
  for (const stream of reach) {
    const start = startOf(dataDir, stream);
    if (start?.role !== "supervisor") {
      if (lastOf(dataDir, stream)?.ended) reach.delete(stream);
      continue;
    }
    const { recovered } = unfinished(dataDir, [stream]);
    for (const { stream: older } of start.previous ?? []) if (!recovered.has(older)) reach.add(older);
  }
  return [...reach];
}

function begins(entry: Written, stream: string): Abandoned | undefined {
  if (entry.kind === "open") return { kind: "abandoned", what: "session", session: entry.session, stream };
  if (entry.kind === "hold") {
    return { kind: "abandoned", what: "hold", session: entry.session, stream, hold: entry.hold };
  }
  if (entry.kind === "operation") {
    return { kind: "abandoned", what: "outcome-unknown", session: entry.session, stream, op: entry.seq };
  }
  return undefined;
}

function endsOf(entry: Written, stream: string): string | undefined {
  const { kind } = entry;
  if (kind === "close") return keyOf({ kind: "abandoned", what: "session", session: entry.session, stream });
  if (kind === "hold-ended") {
    return keyOf({ kind: "abandoned", what: "hold", session: entry.session, stream, hold: entry.hold });
  }
  if (kind === "outcome") {
    return keyOf({
      kind: "abandoned",
      what: "outcome-unknown",
      session: entry.session,
      stream,
      op: entry.op,
    });
  }
  return undefined;
}

function keyOf({ what, stream, session, hold, op }: Abandoned): string {
  return JSON.stringify([what, stream, what === "session" ? session : what === "hold" ? hold : op]);
}
