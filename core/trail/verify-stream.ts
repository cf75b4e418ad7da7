import { checkpointMs, genesis, hashBytes } from "./chain.ts";
import type { Entry, Head, Written } from "./entry.ts";
import { type Frame, Frames, segmentsIn } from "./frames.ts";
import { linked, parseBody, trailFolder } from "./read.ts";
import { segmentName, trailMagic } from "./segment.ts";
import { StageCheck } from "./stage-check.ts";

/** What is wrong with a trail, or worth knowing about it. */
export interface Finding {
  readonly what:
    | "changed"
    | "removed"
    | "reordered"
    | "cut-off"
    | "forged"
    | "unsigned"
    | "added"
    | "unsealed";
  readonly stream: string;
  /** Relative to the data folder. */
  readonly file?: string;
  readonly seq?: number;
  readonly message: string;
}

/** Walks one stream's whole chain; goes on behind damage, so that each piece of it is found. */
export class StreamWalk {
  readonly findings: Finding[] = [];
  /** `segment` entries, with the stream that wrote them. */
  readonly sealed: Extract<Entry, { kind: "segment" }>[] = [];
  readonly startedWorkers: string[] = [];
  start: Extract<Entry, { kind: "start" }> | undefined;
  startedAt = 0;
  entries = 0;
  /** Sequence number of the last entry, and of the last checkpoint that holds. */
  seq = 0;
  signedTo = 0;
  /** `stop` and its checkpoint are the last entries. */
  ended = false;
  /** Entries cannot be told from here on: sequence number of the last one before. */
  damagedAfter: number | undefined;
  /** Hex hashes of the entries that others commit to, by sequence number. */
  readonly hashes = new Map<number, string>();

  #previous: Uint8Array;
  readonly #check: StageCheck;
  #unsigned: number | undefined;
  #told = false;
  #stopped = false;
  /** The segment that must come next. */
  #next = 1;

  constructor(
    dataDir: string,
    readonly stream: string,
    private readonly signed: (head: Head, signature: string) => boolean,
    private readonly wanted: ReadonlySet<number>,
    private readonly startedAs: (entry: Entry) => string | undefined,
  ) {
    this.#previous = genesis(stream).slice();
    this.#check = new StageCheck(stream);
    const dir = trailFolder(dataDir, stream);
    for (const from of this.#runs(dir)) {
      const frames = new Frames(dir, trailMagic, from);
      this.#walk(frames, dir);
      frames.close();
    }
  }

  /** Numbers of the segments at which an unbroken run of them begins. */
  *#runs(dir: string): Generator<number> {
    const segments = segmentsIn(dir);
    for (const segment of segments) {
      if (segment < this.#next) continue;
      if (segment > this.#next)
        this.#find("removed", segmentName(this.#next), undefined, "segments are missing before the next one");
      yield segment;
    }
  }

  #walk(frames: Frames, dir: string): void {
    for (let frame = frames.next(); frame; frame = frames.next()) this.#take(frame);
    this.#end(frames, dir);
  }

  #end(frames: Frames, dir: string): void {
    const { stop, position } = frames;
    const file = segmentName(position.segment);
    this.#next = position.segment + 1;
    const more = segmentsIn(dir).some((segment) => segment > position.segment && holdsFrames(dir, segment));
    // Whoever writes it may have come that far since its end was seen.
    const frame = more && stop.at === "end" ? frames.next() : undefined;
    if (frame) {
      this.#take(frame);
      this.#walk(frames, dir);
      return;
    }
    if (stop.at === "missing") {
      this.#next = position.segment;
      if (!more) this.#find("cut-off", file, this.seq + 1, "the segment that must follow is missing");
    } else if (stop.at === "damaged") {
      this.damagedAfter ??= this.seq;
      this.#find("changed", file, this.seq + 1, `${stop.what}, at byte ${position.offset}`);
    } else if (more) this.#find("cut-off", file, this.seq + 1, "the segment ends early, and another follows");
    if (!more) this.#next = Number.POSITIVE_INFINITY;
  }

  #take({ segment, payload, staged }: Frame): void {
    const file = segmentName(segment);
    const hash = linked(this.#previous, payload);
    const entry = hash && parseBody(payload);
    const expected = this.seq + 1;
    const fits =
      hash && (staged ? this.#check.fits(payload, expected) : payload.subarray(0, hashBytes).equals(hash));
    const seq = entry?.seq ?? expected;
    if (!fits || !entry) this.#broken(file, expected, seq);
    else if (seq !== expected)
      this.#find("changed", file, seq, `is numbered ${seq} where ${expected} belongs`);
    if (entry) this.#note(entry, file);
    this.#previous = staged && hash ? hash : new Uint8Array(payload.subarray(0, hashBytes));
    this.seq = seq;
    this.entries++;
    if (this.wanted.has(seq)) this.hashes.set(seq, Buffer.from(this.#previous).toString("hex"));
    if (!fits) this.damagedAfter ??= expected - 1;
    else this.damagedAfter = undefined;
  }

  #broken(file: string, expected: number, seq: number): void {
    if (seq > expected)
      this.#find("removed", file, expected, `entries ${expected} to ${seq - 1} are missing here`);
    else if (seq < expected)
      this.#find("reordered", file, seq, `entry ${seq} stands where ${expected} belongs`);
    else
      this.#find("changed", file, seq, "the entry or the one before it was changed: its hash does not fit");
  }

  #note(entry: Written, file: string): void {
    if (this.ended || (this.#stopped && entry.kind !== "checkpoint")) {
      this.#find("added", file, entry.seq, "the stream had ended before");
    }
    this.ended = false;
    if (entry.kind === "checkpoint") {
      this.#checkpoint(entry, file);
      return;
    }
    this.#stopped = entry.kind === "stop";
    if (entry.kind === "start" && entry.seq === 1) {
      this.start = entry;
      this.startedAt = entry.time;
    }
    if (entry.kind === "segment") this.sealed.push(entry);
    const worker = this.startedAs(entry);
    if (worker !== undefined) this.startedWorkers.push(worker);
    if (this.#unsigned !== undefined && entry.time - this.#unsigned >= checkpointMs && !this.#told) {
      this.#told = true;
      this.#find("unsigned", file, entry.seq, "a checkpoint that must stand before this entry is missing");
    }
    this.#unsigned ??= entry.time;
  }

  #checkpoint(entry: Extract<Written, { kind: "checkpoint" }>, file: string): void {
    const head = {
      stream: this.stream,
      seq: entry.seq - 1,
      hash: Buffer.from(this.#previous).toString("hex"),
    };
    if (!this.signed(head, entry.signature)) {
      const since = this.signedTo + 1;
      this.#find(
        "forged",
        file,
        entry.seq,
        `the signature does not fit: something in ${since} to ${entry.seq} was changed`,
      );
      return;
    }
    this.signedTo = entry.seq;
    this.ended = this.#stopped;
    this.#unsigned = undefined;
    this.#told = false;
  }

  #find(what: Finding["what"], segment: string, seq: number | undefined, message: string): void {
    const file = `trail/${this.stream}/${segment}`;
    this.findings.push({ what, stream: this.stream, file, ...(seq === undefined ? {} : { seq }), message });
  }
}

function holdsFrames(dir: string, segment: number): boolean {
  const frames = new Frames(dir, trailMagic, segment);
  const first = frames.next();
  const damaged = frames.stop.at === "damaged";
  frames.close();
  return first !== undefined || damaged;
}
