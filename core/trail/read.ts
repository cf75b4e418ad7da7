import { join } from "node:path";
import { genesis, hashBytes } from "./chain.ts";
import type { Written } from "./entry.ts";
import { type Frame, Frames, type Stop } from "./frames.ts";
import { Glance } from "./glance.ts";
import { headerBytes, trailMagic } from "./segment.ts";
import { StageCheck } from "./stage-check.ts";

/** Where a reader of one stream stands: what to keep to go on later. Plain JSON. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
  /** Of the last entry read; 0 before the first. */
  readonly seq: number;
  /** Hex. */
  readonly hash: string;
}

/**
 * Reads one stream's entries in order, checking the chain as it goes. Works on the live file of
 * another process: when `next` returns undefined and `stop.at` is `end`, call it again later.
 *
 *     const reader = follow(dataDir, "mb0x1k2a-w0");
 *     for (const entry of reader) index(entry);
 *     save(reader.position);
 */
export class StreamReader implements Iterable<Written> {
  readonly #frames: Frames;
  /** Of the last entry. */
  #hash: Buffer;
  /** Of the entry that is looked at: as it stands there, and as it must be. */
  readonly #stored = Buffer.alloc(hashBytes);
  #made: Buffer = Buffer.alloc(hashBytes);
  readonly #check: StageCheck;
  readonly #glance = new Glance();
  #frame: Frame | undefined;
  /** The current entry, once it is parsed. */
  #entry: Written | undefined;
  #seq: number;
  #bad: Stop | undefined;

  constructor(
    dataDir: string,
    readonly stream: string,
    from?: Position,
  ) {
    const { segment = 1, offset = headerBytes, seq = 0 } = from ?? {};
    this.#frames = new Frames(trailFolder(dataDir, stream), trailMagic, segment, offset);
    this.#seq = seq;
    this.#check = new StageCheck(stream);
    this.#hash = from ? Buffer.from(from.hash, "hex") : Buffer.from(genesis(stream));
  }

  /** undefined: no further entry for now; `stop` says why. A torn or changed entry ends it for good. */
  next(): Written | undefined {
    return this.#advance(true) ? this.#entry : undefined;
  }

  /** As `next`, for those who need little of most entries: good until the next call. `parsed` has the rest. */
  glance(): Glance | undefined {
    return this.#advance(false) ? this.#glance : undefined;
  }

  /** What `glance` looked at; undefined: it is no entry after all. */
  get parsed(): Written | undefined {
    if (!this.#entry && this.#frame) this.#entry = parseBody(this.#frame.payload);
    return this.#entry;
  }

  /** Its bytes, for `parseBody`: what stands before the body is not as in the file. */
  get payload(): Buffer {
    return this.#frame?.payload ?? none;
  }

  *[Symbol.iterator](): Generator<Written> {
    for (let entry = this.next(); entry; entry = this.next()) yield entry;
  }

  get stop(): Stop {
    return this.#bad ?? this.#frames.stop;
  }

  /** After the last entry that was returned. */
  get position(): Position {
    return { ...this.#frames.position, seq: this.#seq, hash: this.#hash.toString("hex") };
  }

  close(): void {
    this.#frames.close();
  }

  #advance(whole: boolean): boolean {
    if (this.#bad) return false;
    this.#frame = this.#frames.next();
    if (!this.#frame || this.#accept(this.#frame, whole)) return this.#frame !== undefined;
    // The writer may have been in the middle of it.
    this.#frames.again(this.#frame);
    this.#frame = this.#frames.next();
    if (!this.#frame || this.#accept(this.#frame, whole)) return this.#frame !== undefined;
    this.#frames.again(this.#frame);
    this.#bad = { at: "damaged", what: "an entry whose hash does not fit" };
    return false;
  }

  #accept({ payload, staged }: Frame, whole: boolean): boolean {
    if (payload.length <= hashBytes) return false;
    const fits = staged && this.#check.fits(payload, this.#seq + 1);
    // The hash of what is staged is made here, as it will be in the segment.
    if (!(this.#isChained(payload) || fits)) return false;
    this.#entry = undefined;
    if (whole || !this.#glance.read(payload)) {
      this.#entry = parseBody(payload);
      if (!this.#entry) return false;
      this.#glance.of(this.#entry);
    }
    if (this.#glance.seq !== this.#seq + 1) return false;
    [this.#hash, this.#made] = [this.#made, this.#hash];
    this.#seq++;
    return true;
  }

  /** The hash before it stands in the place of its own while that is made, and stays there: nothing else is copied. */
  #isChained(payload: Buffer): boolean {
    payload.copy(this.#stored, 0, 0, hashBytes);
    this.#hash.copy(payload);
    Bun.SHA256.hash(payload, this.#made);
    return this.#made.equals(this.#stored);
  }
}

const none = Buffer.alloc(0);

/** Follows a stream from a position, or from its beginning. */
export function follow(dataDir: string, stream: string, from?: Position): StreamReader {
  return new StreamReader(dataDir, stream, from);
}

export function trailFolder(dataDir: string, stream: string): string {
  return join(dataDir, "trail", stream);
}

/** The hash this payload must carry after `previous`; undefined when it is too short to be an entry. */
export function linked(previous: Uint8Array, payload: Buffer): Uint8Array | undefined {
  if (payload.length <= hashBytes) return undefined;
  const chained = new Bun.CryptoHasher("sha256").update(previous).update(payload.subarray(hashBytes));
  return new Uint8Array(chained.digest());
}

/** undefined: not an entry. */
export function parseBody(payload: Buffer): Written | undefined {
  try {
    const entry: unknown = JSON.parse(payload.toString("utf8", hashBytes));
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Written {
  return typeof value === "object" && value !== null && "kind" in value && "seq" in value && "time" in value;
}
