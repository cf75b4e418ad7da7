import { PosternError } from "../error.ts";
import type { AppendLog } from "./log.ts";
import {
  type FrameKind,
  frameHeaderBytes,
  json,
  kinds,
  more,
  placeBytes,
  placed,
  recordingId,
  writeAgain,
  writeFrame,
} from "./recording-frame.ts";
import { SessionRecording } from "./session-recording.ts";
import type { Watermark } from "./watermark.ts";

const pieceBytes = 256 << 10;

interface Pending {
  readonly recording: SessionRecording;
  readonly kind: FrameKind;
  readonly at: number;
  data: Uint8Array;
}

/** The recording log of one process: frames of all its sessions in the order they passed. */
export class Recordings {
  #started = false;
  #queue: Pending[] = [];
  #last = 0;
  #dead: PosternError | undefined;

  constructor(
    private readonly stream: string,
    private readonly log: AppendLog,
    private readonly watermark: Watermark,
    /** Bytes kept for a session while the disk is behind; one that goes on sending beyond it is ended. */
    private readonly keptBytes: number,
    private readonly pauseMs: number,
    /** Something is recorded for the first time. */
    private readonly begin: () => void,
    /** Somebody waits: call `beat` when the recorder has done something. */
    private readonly wait: () => void,
    private readonly onFault: (error: PosternError, session: string) => void,
  ) {}

  open(session: string): SessionRecording {
    if (!this.#started) {
      this.log.start();
      this.begin();
    }
    this.#started = true;
    const number = ++this.#last;
    const id = recordingId(this.stream, Math.max(1, this.log.segment), number);
    const recording = new SessionRecording(this, id, session, number);
    this.write(recording, kinds.begin, json({ session, began: Date.now() }));
    return recording;
  }

  /** undefined: written. A promise: kept, and resolved when there is room again. */
  write(recording: SessionRecording, kind: FrameKind, data: Uint8Array): Promise<void> | undefined {
    const failed = recording.failed ?? this.#dead;
    if (failed) return refused(failed);
    const now = performance.now();
    const at = now - recording.began;
    if (this.#queue.length === 0 && !this.watermark.late) {
      const rest = this.#put(recording, kind, at, data, now);
      if (rest === undefined) return undefined;
      data = rest;
    }
    if (recording.kept > this.keptBytes) return refused(this.#fault(recording));
    // A Buffer's own `slice` is a view of what its owner uses again.
    this.#queue.push({ recording, kind, at, data: Buffer.from(data) });
    const paused = recording.keep(data.length, now);
    this.wait();
    return paused;
  }

  /** An event that begins as the one at `place`. As `write`, of which this is the short way for what is small and comes often. */
  again(recording: SessionRecording, place: number, rest: Buffer, length: number): Promise<void> | undefined {
    const { log, watermark } = this;
    const payload = frameHeaderBytes + placeBytes + length;
    const ready = recording.failed === undefined && this.#dead === undefined && this.#queue.length === 0;
    if (!ready || watermark.late || !log.claim(payload)) {
      return this.write(recording, kinds.again, placed(place, rest.subarray(0, length)));
    }
    const now = performance.now();
    writeAgain(log.bytes, log.at, recording.number, now - recording.began, place, rest, length);
    log.commit(payload);
    watermark.appended(log.count, now);
    return undefined;
  }

  /** Writes what is kept as far as there is room. True while something is left. */
  beat(now: number): boolean {
    this.watermark.refresh(now);
    if (this.watermark.late) return this.#queue.length > 0;
    let done = 0;
    for (const pending of this.#queue) {
      const rest = this.#put(pending.recording, pending.kind, pending.at, pending.data, now);
      pending.recording.release(pending.data.length - (rest?.length ?? 0), rest === undefined);
      if (rest !== undefined) {
        pending.data = rest;
        break;
      }
      done++;
    }
    this.#queue.splice(0, done);
    return this.#queue.length > 0;
  }

  /** Ends sessions that have been paused for too long. */
  judge(now: number): void {
    this.watermark.judge(now);
    for (const recording of new Set(this.#queue.map((pending) => pending.recording))) {
      if (now - recording.pausedSince > this.pauseMs) this.#fault(recording);
    }
  }

  /** Nothing is kept back, and all is flushed. */
  get settled(): boolean {
    return this.#queue.length === 0 && !this.watermark.behind;
  }

  fail(error: PosternError): void {
    this.#dead = error;
    for (const { recording } of this.#queue) recording.fail(error);
    this.#queue = [];
  }

  close(): void {
    this.log.close();
  }

  /** What does not fit; undefined when all is written. */
  #put(
    recording: SessionRecording,
    kind: FrameKind,
    at: number,
    data: Uint8Array,
    now: number,
  ): Uint8Array | undefined {
    const largest = Math.min(pieceBytes, (this.log.largest >> 2) - frameHeaderBytes);
    let rest = data;
    for (;;) {
      const last = rest.length <= largest;
      const piece = last ? rest : rest.subarray(0, largest);
      const payload = frameHeaderBytes + piece.length;
      if (!this.log.claim(payload)) return rest;
      writeFrame(this.log.bytes, this.log.at, recording.number, last ? kind : kind | more, at, piece);
      this.log.commit(payload);
      this.watermark.appended(this.log.count, now);
      if (last) return undefined;
      rest = rest.subarray(largest);
    }
  }

  #fault(recording: SessionRecording): PosternError {
    const error = new PosternError(
      "recording.full",
      "The recording of this session could not be kept: the disk is full or too slow.",
      {
        hint: "Free space on the disk that holds the data folder, then open the session again.",
      },
    );
    this.#queue = this.#queue.filter((pending) => pending.recording !== recording);
    recording.fail(error);
    this.onFault(error, recording.session);
    return error;
  }
}

/** The session is told by `onFault`: whoever called need not listen, and one that does not must not end the process. */
function refused(error: PosternError): Promise<void> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
