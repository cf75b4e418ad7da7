import type { Written } from "../trail/entry.ts";
import { follow, type StreamReader } from "../trail/read.ts";
import { streams } from "../trail/streams.ts";
import { storeFailure } from "./failure.ts";
import type { IndexDatabase } from "./open.ts";
import type { Owner } from "./row.ts";
import { entries, holds, positions, sessions } from "./schema.ts";
import { takeIn } from "./take-in.ts";

const batchEntries = 1_000;
const pollMs = 100;
const retryMs = 1_000;
/** How long a query waits for the latest entries. */
const patienceMs = 2_000;

export interface IndexerEvents {
  indexed(count: number): void;
  indexFailed(why: string): void;
  /** What is in the index now, with whose session each belongs to; after a failure it may come again. */
  read(stream: string, batch: readonly Written[], ownerOf: (entry: Written) => Owner | undefined): void;
}

/**
 * Keeps the index in step with the segments. What it has read and where it stands are written together, so
 * that after a crash nothing is missing and nothing is there twice.
 */
export class Indexer {
  readonly #readers = new Map<string, StreamReader>();
  /** Streams that are written now; all others are read to their end, once. */
  readonly #live = new Set<string>();
  readonly #finished = new Set<string>();
  /** Catching up and rebuilding take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    readonly database: IndexDatabase,
    readonly dataDir: string,
    readonly events: IndexerEvents,
  ) {}

  start(): void {
    this.#next(0);
  }

  /** A process begins to write this stream. */
  opened(stream: string): void {
    this.#live.add(stream);
    this.#finished.delete(stream);
  }

  /** Nobody writes this stream any more. */
  ended(stream: string): void {
    this.#live.delete(stream);
  }

  /** Resolves when all that is written now is in the index, or the index cannot keep up for the moment. */
  async fresh(): Promise<void> {
    const caughtUp = this.#inTurn(() => this.#catchUp()).catch((error: unknown) => this.#failed(error));
    await Promise.race([caughtUp, Bun.sleep(patienceMs)]);
  }

  /** Empties the index and reads all streams from their beginning. */
  rebuild(): Promise<number> {
    return this.#inTurn(async () => {
      this.#forget();
      const { database } = this;
      await database.batch([
        database.delete(entries),
        database.delete(sessions),
        database.delete(holds),
        database.delete(positions),
      ]);
      return this.#catchUp();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
    this.#forget();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => {});
    return next;
  }

  #next(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#inTurn(() => this.#catchUp()).then(
        () => this.#next(pollMs),
        (error: unknown) => {
          this.#failed(error);
          this.#next(retryMs);
        },
      );
    }, ms);
  }

  #failed(error: unknown): void {
    this.events.indexFailed(storeFailure(error).message);
    // What was read and not written is read again.
    this.#forget();
  }

  async #catchUp(): Promise<number> {
    let taken = 0;
    for (const stream of streams(this.dataDir)) {
      if (!this.#finished.has(stream)) taken += await this.#readToEnd(stream);
    }
    return taken;
  }

  async #readToEnd(stream: string): Promise<number> {
    // Asked before the end is found: what is written until a stream ends must not be missed.
    const live = this.#live.has(stream);
    const began = Date.now();
    const reader = await this.#reader(stream);
    let taken = 0;
    for (;;) {
      const batch = nextEntries(reader);
      if (batch.length === 0) break;
      const ownerOf = await takeIn(this.database, stream, batch, reader.position);
      this.events.read(stream, batch, ownerOf);
      this.events.indexed(batch.length);
      taken += batch.length;
      // Queries get their turn between two batches.
      await new Promise(setImmediate);
      // Somebody who writes as fast as this reads must not keep it here.
      if (live && (batch.at(-1)?.time ?? 0) > began) return taken;
    }
    if (reader.stop.at === "damaged") this.events.indexFailed(`${stream}: ${reader.stop.what}`);
    if (!live || reader.stop.at === "damaged") {
      reader.close();
      this.#readers.delete(stream);
      this.#finished.add(stream);
    }
    return taken;
  }

  async #reader(stream: string): Promise<StreamReader> {
    let reader = this.#readers.get(stream);
    if (!reader) {
      const known = await this.database.query.positions.findFirst({
        where: (table, { eq }) => eq(table.stream, stream),
      });
      reader = follow(this.dataDir, stream, known?.position);
      this.#readers.set(stream, reader);
    }
    return reader;
  }

  #forget(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
    this.#finished.clear();
  }
}

function nextEntries(reader: StreamReader): Written[] {
  const batch: Written[] = [];
  while (batch.length < batchEntries) {
    const entry = reader.next();
    if (!entry) break;
    batch.push(entry);
  }
  return batch;
}
