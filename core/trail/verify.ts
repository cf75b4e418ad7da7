import { join } from "node:path";
import { verifier } from "./chain.ts";
import type { Head } from "./entry.ts";
import { digest, isRecordingFile, recordingFiles } from "./release.ts";
import { startedWorker, startOf, streams } from "./streams.ts";
import { type Finding, StreamWalk } from "./verify-stream.ts";

export type { Finding } from "./verify-stream.ts";

export interface VerifiedStream {
  readonly stream: string;
  readonly role: "supervisor" | "worker" | undefined;
  readonly entries: number;
  /** The last entry that a signature covers; 0: none. */
  readonly signedTo: number;
  /** Closed properly; else it is live, or its process died. */
  readonly ended: boolean;
  /** Another stream commits to its end. */
  readonly committed: boolean;
}

export interface TrailReport {
  readonly ok: boolean;
  readonly streams: readonly VerifiedStream[];
  /** Each one means that the trail is not what was written. */
  readonly findings: readonly Finding[];
  /** What cannot be proven yet: unsigned ends, recordings without a hash. */
  readonly notes: readonly Finding[];
}

/**
 * Checks every stream of a data folder offline, with the public key (SPKI PEM) alone. `heads`: what
 * somebody wrote down elsewhere and wants to find again.
 */
export function verifyTrail(
  dataDir: string,
  publicKeyPem: string,
  options: { readonly heads?: readonly Head[] } = {},
): TrailReport {
  const signed = verifier(publicKeyPem);
  const names = streams(dataDir);
  const starts = names.flatMap((stream) => {
    const start = startOf(dataDir, stream);
    return start ? [{ stream, start }] : [];
  });
  const claims = [
    ...starts.flatMap(({ stream, start }) =>
      (start.previous ?? []).map((head) => ({ by: `stream ${stream}`, head })),
    ),
    ...(options.heads ?? []).map((head) => ({ by: "the head you gave", head })),
  ];
  const findings: Finding[] = [];
  const notes: Finding[] = [];
  const walks = new Map<string, StreamWalk>();
  for (const stream of names) {
    const wanted = new Set(claims.flatMap(({ head }) => (head.stream === stream ? [head.seq] : [])));
    walks.set(stream, new StreamWalk(dataDir, stream, signed, wanted, startedWorker));
  }
  for (const { by, head } of claims) findings.push(...checkClaim(by, head, walks.get(head.stream)));
  const newest = starts
    .filter(({ start }) => start.role === "supervisor" && start.previous)
    .reduce((latest, { start }) => Math.max(latest, start.time), 0);
  for (const walk of walks.values()) {
    const committed = Math.max(
      0,
      ...claims.flatMap(({ head }) => (head.stream === walk.stream ? [head.seq] : [])),
    );
    findings.push(...settleEnd(walk, committed, newest, notes));
    for (const worker of walk.startedWorkers) {
      // Or it was started since the streams were listed.
      if (walks.get(worker)?.start ?? (streams(dataDir).includes(worker) && startOf(dataDir, worker)))
        continue;
      findings.push({
        what: "removed",
        stream: worker,
        message: `${walk.stream} started it, and it is not there`,
      });
    }
  }
  const claimed = new Set(claims.map(({ head }) => head.stream));
  findings.push(...orphans([...walks.values()], claimed));
  checkRecordings(dataDir, [...walks.values()], findings, notes);
  return {
    ok: findings.length === 0,
    streams: [...walks.values()].map(({ stream, start, entries, signedTo, ended }) => {
      return { stream, role: start?.role, entries, signedTo, ended, committed: claimed.has(stream) };
    }),
    findings,
    notes,
  };
}

function checkClaim(by: string, head: Head, walk: StreamWalk | undefined): Finding[] {
  const { stream, seq } = head;
  if (!walk || walk.entries === 0)
    return [{ what: "removed", stream, seq, message: `${by} commits to it, and it is not there` }];
  if (walk.seq < seq) {
    return [
      {
        what: "cut-off",
        stream,
        seq: walk.seq + 1,
        message: `it ends at ${walk.seq}; ${by} commits to entry ${seq}`,
      },
    ];
  }
  const found = walk.hashes.get(seq);
  if (found === head.hash) return [];
  return [{ what: "changed", stream, seq, message: `entry ${seq} is not the one that ${by} commits to` }];
}

/** What to think of a stream's last entries. Torn ones are forgiven when a later stream commits to what is before. */
function settleEnd(walk: StreamWalk, committed: number, newest: number, notes: Finding[]): Finding[] {
  const { stream, seq, signedTo, damagedAfter } = walk;
  const torn = damagedAfter !== undefined && damagedAfter === committed && committed > 0;
  const findings = torn
    ? walk.findings.filter((finding) => (finding.seq ?? 0) <= committed)
    : [...walk.findings];
  if (torn) {
    notes.push({
      what: "cut-off",
      stream,
      seq: committed + 1,
      message: "torn after its last whole entry, as by a power cut",
    });
    return findings;
  }
  if (walk.ended || seq === 0) return findings;
  if (committed > 0) {
    if (seq > committed && signedTo < seq) {
      const message = `unsigned entries follow ${committed}, where the stream had ended`;
      findings.push({ what: "added", stream, seq: committed + 1, message });
    }
    return findings;
  }
  if (walk.startedAt < newest) {
    findings.push({ what: "added", stream, message: "a later start of the gateway does not know it" });
  } else if (signedTo === 0 && seq > 1) {
    findings.push({ what: "unsigned", stream, seq: 1, message: "no checkpoint at all" });
  } else if (signedTo < seq) {
    const message = `unsigned since entry ${signedTo + 1}: the process is alive, or died`;
    notes.push({ what: "unsigned", stream, seq: signedTo + 1, message });
  }
  return findings;
}

/**
 * Streams of workers that no supervisor tells of: one's stream was removed. A worker that wrote no more than its
 * start may have died together with a supervisor that had no time to.
 */
function orphans(walks: readonly StreamWalk[], claimed: ReadonlySet<string>): Finding[] {
  if (!walks.some(({ start }) => start?.role === "supervisor")) return [];
  const told = new Set(walks.flatMap(({ startedWorkers }) => startedWorkers));
  return walks.flatMap(({ stream, start, entries }): Finding[] => {
    if (start?.role !== "worker" || entries < 2 || told.has(stream) || claimed.has(stream)) return [];
    return [
      { what: "removed", stream, message: "the stream of the supervisor that started it is not there" },
    ];
  });
}

function checkRecordings(
  dataDir: string,
  walks: readonly StreamWalk[],
  findings: Finding[],
  notes: Finding[],
): void {
  const sealed = new Set<string>();
  for (const { stream, sealed: entries } of walks) {
    for (const { file, sha256, bytes } of entries) {
      sealed.add(file);
      try {
        if (!isRecordingFile(file)) throw new Error("not a recording");
        const found = digest(join(dataDir, file));
        if (found.sha256 === sha256 && found.bytes === bytes) continue;
        findings.push({ what: "changed", stream, file, message: "the recording is not what was sealed" });
      } catch {
        findings.push({ what: "removed", stream, file, message: "the recording is not there" });
      }
    }
  }
  for (const { stream } of walks) {
    for (const file of recordingFiles(dataDir, stream)) {
      if (!sealed.has(file))
        notes.push({ what: "unsealed", stream, file, message: "no hash of it is in the trail yet" });
    }
  }
}
