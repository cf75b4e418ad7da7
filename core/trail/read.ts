import { join } from "node:path";
import { genesis, hashBytes } from "./chain.ts";
import type { Written } from "./entry.ts";
import { type Frame, Frames, type Stop } from "./frames.ts";
import { headerBytes, trailMagic } from "./segment.ts";

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
  readonly #hash: Uint8Array;
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
    this.#hash = from ? new Uint8Array(Buffer.from(from.hash, "hex")) : genesis(stream).slice();
  }

  /** undefined: no further entry for now; `stop` says why. A torn or changed entry ends it for good. */
  next(): Written | undefined {
    if (this.#bad) return undefined;
    let frame = this.#frames.next();
    let entry = frame && this.#accept(frame);
    if (frame && !entry) {
      // The writer may have been in the middle of it.
      this.#frames.again(frame);
      frame = this.#frames.next();
      entry = frame && this.#accept(frame);
    }
    if (frame && !entry) {
      this.#frames.again(frame);
      this.#bad = { at: "damaged", what: "an entry whose hash does not fit" };
    }
    return entry;
  }

  *[Symbol.iterator](): Generator<Written> {
    for (let entry = this.next(); entry; entry = this.next()) yield entry;
  }

  get stop(): Stop {
    return this.#bad ?? this.#frames.stop;
  }

  /** After the last entry that `next` returned. */
  get position(): Position {
    const hash = Buffer.from(this.#hash).toString("hex");
    return { ...this.#frames.position, seq: this.#seq, hash };
  }

  close(): void {
    this.#frames.close();
  }

  #accept({ payload }: Frame): Written | undefined {
    const hash = linked(this.#hash, payload);
    if (!hash || !payload.subarray(0, hashBytes).equals(hash)) return undefined;
    const entry = parseBody(payload);
    if (entry?.seq !== this.#seq + 1) return undefined;
    this.#hash.set(hash);
    this.#seq++;
    return entry;
  }
}

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
