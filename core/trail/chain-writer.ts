import { PosternError } from "../error.ts";
import { checkpointMs, hashBytes } from "./chain.ts";
import { ChainEnd } from "./chain-end.ts";
import type { Entry, Head } from "./entry.ts";
import { EntryBytes } from "./entry-bytes.ts";
import { entryTail } from "./entry-json.ts";
import type { AppendLog } from "./log.ts";
import { Room } from "./room.ts";
import { frameBytes } from "./segment.ts";
import { StageCheck } from "./stage-check.ts";

const largestEntry = 1 << 20;

/** Turns entries into frames of one log, which the recorder chains, and signs the chain's head as it grows. */
export class ChainWriter {
  /** As far as it was needed for a signature. */
  readonly #end: ChainEnd;
  readonly #check: StageCheck;
  readonly #entries = new EntryBytes();
  readonly #room: Room;
  readonly #largest: number;
  #seq = 0;
  /** Time of the oldest entry that no checkpoint covers. */
  #unsigned: number | undefined;
  #missed = 0;
  #missedSince = 0;

  constructor(
    private readonly log: AppendLog,
    stream: string,
    private readonly sign: ((head: Head) => string) | undefined,
    /** Takes over how far the recorder has made the chain. */
    private readonly catchUp: (end: ChainEnd) => void,
    /** Why there is no room, from the recorder. */
    private readonly stuck: () => string | undefined,
  ) {
    this.#end = new ChainEnd(stream);
    this.#check = new StageCheck(stream);
    this.#room = new Room(log.largest >> 1);
    this.#largest = Math.min(largestEntry, log.largest >> 1);
  }

  /** Of the last entry. */
  get seq(): number {
    return this.#seq;
  }

  /** Nothing waits for a checkpoint. */
  get signed(): boolean {
    return this.sign === undefined || this.#unsigned === undefined;
  }

  /** `again`: see Trail. */
  append(entry: Entry, time: number, again = false): number {
    // A reader takes an entry that stands unsigned for longer as a sign of a removed checkpoint.
    const signed = this.checkpoint(time, checkpointMs);
    const segment = this.log.segment;
    if (this.#missed > 0) this.#tellMissed(time);
    const seq = signed ? this.#write(entry, time, again) : undefined;
    if (seq === undefined) {
      if (this.#missed++ === 0) this.#missedSince = time;
      throw this.#full();
    }
    if (this.log.segment !== segment) this.checkpoint(time);
    return seq;
  }

  /** Signs the head when something unsigned is this old (ms). False: no room even for that. */
  checkpoint(time: number, age = 0): boolean {
    if (!this.sign || this.#unsigned === undefined) return true;
    // Where the clock was set back nobody knows how old it is.
    if (time >= this.#unsigned && time - this.#unsigned < age) return true;
    const head = this.#head();
    const written = this.#write({ kind: "checkpoint", head, signature: this.sign(head) }, time);
    if (written === undefined) return false;
    this.#unsigned = undefined;
    return true;
  }

  /** Few entries are left to be hashed, unless the recorder is late. */
  #head(): Head {
    const end = this.#end;
    this.catchUp(end);
    while (end.seq < this.#seq) end.link(Buffer.from(this.log.frames(end.segment).subarray(end.offset)));
    return end.head;
  }

  #tellMissed(time: number): void {
    const entry: Entry = { kind: "missed", entries: this.#missed, since: this.#missedSince };
    if (this.#write(entry, time) !== undefined) this.#missed = 0;
  }

  /** undefined: no room. */
  #write(entry: Entry, time: number, again = false): number | undefined {
    const { log } = this;
    const seq = this.#seq + 1;
    const known = hashBytes + (this.#entries.most(entry, again) ?? Number.POSITIVE_INFINITY);
    if (known <= this.#largest && frameBytes(known) + this.#room.floor(entry.kind) <= log.here) {
      const { bytes, at } = log;
      return this.#commit(entry, time, this.#entries.write(bytes, at + hashBytes, seq, time, entry));
    }
    const body = `{"seq":${seq},"time":${time},${entryTail(entry)}`;
    const floor = this.#room.floor(entry.kind);
    // Three bytes a UTF-16 unit is the most UTF-8 takes; the exact length is worth finding out near an end only.
    let most = hashBytes + body.length * 3;
    if (frameBytes(most) + floor > log.here) {
      most = hashBytes + Buffer.byteLength(body, "utf8");
      if (most > this.#largest) throw tooLarge(entry.kind, most);
      const wasted = frameBytes(most) > log.here ? log.here : 0;
      if (log.room - wasted - frameBytes(most) < floor || !log.claim(most)) return undefined;
    }
    const { bytes, at } = log;
    return this.#commit(entry, time, bytes.write(body, at + hashBytes, "utf8"));
  }

  /** The next entry's body stands in its place. */
  #commit({ kind }: Entry, time: number, body: number): number {
    const { view, at } = this.log;
    const payload = hashBytes + body;
    this.#check.put(view, at, payload, this.#seq + 1);
    this.log.commit(payload);
    this.#room.wrote(kind);
    if (kind !== "checkpoint") this.#unsigned ??= time;
    return ++this.#seq;
  }

  #full(): PosternError {
    const why = this.stuck();
    return new PosternError(
      "trail.full",
      `The audit trail has no room for another entry${why === undefined ? "" : ` (${why})`}.`,
      { hint: "Free space on the disk that holds the data folder; the gateway goes on by itself." },
    );
  }
}

function tooLarge(kind: string, bytes: number): PosternError {
  return new PosternError(
    "trail.too-large",
    `An audit entry of kind ${kind} has ${bytes} bytes, more than the trail takes.`,
  );
}
