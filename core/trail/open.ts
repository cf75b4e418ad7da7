import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { PosternError } from "../error.ts";
import { signer } from "./chain.ts";
import { takeEnd } from "./chain-words.ts";
import { ChainWriter } from "./chain-writer.ts";
import { type LogOptions, LogWords, TICK } from "./control.ts";
import type { Head } from "./entry.ts";
import { AppendLog } from "./log.ts";
import { Recordings } from "./recordings.ts";
import { recordingMagic, trailMagic } from "./segment.ts";
import { StreamTrail } from "./stream-trail.ts";
import { RecorderThreads } from "./thread.ts";
import { Watermark } from "./watermark.ts";

export interface TrailOptions {
  readonly dataDir: string;
  /** A name never used before: letters, digits, `-`. */
  readonly stream: string;
  readonly role: "supervisor" | "worker";
  readonly strict: boolean;
  /** Ed25519, PKCS8 PEM. Without it there are no checkpoints. */
  readonly signingKey?: string;
  /** Heads of streams of dead processes (`heads`): this stream commits to them. */
  readonly previous?: readonly Head[];
  readonly segmentBytes?: number;
  readonly recordingSegmentBytes?: number;
  /** Without progress of the recorder for so long nothing new is admitted. Default 1000. */
  readonly lateMs?: number;
  /** Bytes of one session's recording that may wait for room. Default 1 MiB. */
  readonly recorder?: number;
  /** A session whose recording finds no room for so long is ended. Default 10000. */
  readonly pauseMs?: number;
  /** Milliseconds that a flush took for those who waited for it. */
  onFlush?(ms: number): void;
  /** `trail.dead` without a session: end them all. `recording.full` with one: end that one. */
  onFault(error: PosternError, session?: string): void;
}

/** Every read is durable within 5 ms. */
const withinMs = 4.5;
const recordingWithinMs = 250;

/** Opens a new stream and its recorder; resolves when the `start` entry is written and durable. */
export async function openTrail(options: TrailOptions): Promise<StreamTrail> {
  const { dataDir, stream, onFault } = options;
  const {
    segmentBytes = 8 << 20,
    recordingSegmentBytes = 8 << 20,
    lateMs = 1000,
    recorder = 1 << 20,
    pauseMs = 10_000,
  } = options;
  const log = (
    folder: string,
    magic: string,
    bytes: number,
    within: number,
    staged: boolean,
  ): LogOptions => ({
    stream,
    dir: makeFolder(dataDir, folder, stream),
    magic,
    segmentBytes: bytes,
    withinMs: within,
    staged,
    seals: !staged,
  });
  const logs = [
    log("trail", trailMagic, segmentBytes, withinMs, true),
    log("recordings", recordingMagic, recordingSegmentBytes, recordingWithinMs, false),
  ] as const;
  const at = new LogWords(0);
  const { ready } = at;
  let stuck: { readonly why: string; readonly ready: number } | undefined;
  let dead: string | undefined;
  let trail: StreamTrail | undefined;
  const threads = new RecorderThreads(
    logs,
    (message) => {
      if (message.kind === "stuck" && message.log === 0) {
        stuck = { why: message.why, ready: Atomics.load(words, ready) };
      }
      if (message.kind === "failed") dead = message.why;
      trail?.said(message);
    },
    (why) => {
      dead = why;
      trail?.fail(why);
    },
  );
  const { words } = threads;
  const trailLog = new AppendLog(words, 0, logs[0].dir, segmentBytes, 1, true);
  const recordingLog = new AppendLog(words, 1, logs[1].dir, recordingSegmentBytes, 1, false);
  const sign = options.signingKey === undefined ? undefined : signer(options.signingKey);
  const chain = new ChainWriter(
    trailLog,
    stream,
    sign,
    (end) => takeEnd(words, at, end),
    () => (stuck?.ready === Atomics.load(words, ready) ? stuck.why : undefined),
  );
  const stir = () => trail?.stir();
  const recordingMark = new Watermark(words, 1, lateMs, undefined, stir);

  trailLog.start();
  threads.start(0);
  // Where sessions are recorded the first must not wait for a thread as well.
  if (options.role === "worker") threads.start(1);
  while (Atomics.load(words, ready) === 0) {
    if (stuck !== undefined || dead !== undefined) {
      await threads.stop();
      throw new PosternError("trail.full", `The audit trail cannot be opened: ${stuck?.why ?? dead}.`, {
        hint: `Make room on the disk that holds ${dataDir}, and look at the rights of the folder.`,
      });
    }
    const seen = Atomics.load(words, TICK);
    if (Atomics.load(words, ready) > 0) break;
    await Atomics.waitAsync(words, TICK, seen, 20).value;
  }
  const recordings = new Recordings(
    stream,
    recordingLog,
    recordingMark,
    recorder,
    pauseMs,
    () => threads.start(1),
    () => trail?.expect(),
    onFault,
  );
  const watermark = new Watermark(words, 0, lateMs, options.onFlush, stir);
  const { strict } = options;
  trail = new StreamTrail({
    stream,
    strict,
    lateMs,
    threads,
    log: trailLog,
    chain,
    watermark,
    recordings,
    onFault,
  });
  const { role, previous } = options;
  const start = { kind: "start", version: manifest.version, pid: process.pid, role } as const;
  trail.append(previous === undefined ? start : { ...start, previous });
  trail.sign();
  await trail.durable(trail.seq);
  return trail;
}

function makeFolder(dataDir: string, folder: string, stream: string): string {
  const parent = join(dataDir, folder);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const dir = join(parent, stream);
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    throw new PosternError("trail.exists", `The audit trail has a stream named ${stream} already.`, {
      cause: error,
    });
  }
  for (const path of [parent, dataDir]) {
    const fd = openSync(path, "r");
    fsyncSync(fd);
    closeSync(fd);
  }
  return dir;
}
