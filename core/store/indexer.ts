import type { Written } from "../trail/entry.ts";
import { streams } from "../trail/streams.ts";
import { storeFailure } from "./failure.ts";
import { Follower } from "./follower.ts";
import type { IndexDatabase } from "./open.ts";
import type { Owner } from "./row.ts";
import { blockSessions, blocks, entries, holds, positions, sessions } from "./schema.ts";
import { takeIn } from "./take-in.ts";

const batchEntries = 4_096;
const pollMs = 100;
const retryMs = 1_000;
/** How long a query waits for the latest entries. */
const patienceMs = 2_000;

export interface IndexerEvents {
  indexed(count: number): void;
  indexFailed(why: string): void;
  /** What has a row in the index now, with whose session each belongs to; after a failure it may come again. */
  read(stream: string, batch: readonly Written[], ownerOf: (entry: Written) => Owner | undefined): void;
}

/**
 * Keeps the index in step with the segments. What it has read and where it stands are written together, so
 * that after a crash nothing is missing and nothing is there twice.
 */
export class Indexer {
  readonly #followers = new Map<string, Follower>();
  /** Streams that are written now; all others are read to their end, once. */
  readonly #live = new Set<string>();
  readonly #finished = new Set<string>();
  /** Those of the live ones for which nothing comes before it is told. */
  readonly #resting = new Set<string>();
  /** Catching up and rebuilding take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  /** All that there is has been read, nothing comes, and nothing is waited for. */
  #idle = false;
  /** Since it was begun to read what there is. */
  #stirred = false;
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
    this.#resting.delete(stream);
    this.#finished.delete(stream);
    this.#wake();
  }

  /** Nobody writes this stream any more. */
  ended(stream: string): void {
    this.#live.delete(stream);
    this.#wake();
  }

  /** Whether its writer has nothing to write for now; otherwise it may write at any time. */
  rests(stream: string, rests: boolean): void {
    if (rests) this.#resting.add(stream);
    else if (this.#resting.delete(stream)) this.#wake();
  }

  /** Resolves when all that is written now is in the index, or the index cannot keep up for the moment. */
  async fresh(): Promise<void> {
    const caughtUp = this.#inTurn(() => this.#catchUp(true)).catch((error: unknown) => {
      this.#failed(error);
      this.#wake();
    });
    await Promise.race([caughtUp, Bun.sleep(patienceMs)]);
  }

  /** Empties the index and reads all streams from their beginning. */
  rebuild(): Promise<number> {
    const rebuilt = this.#inTurn(async () => {
      this.#forget();
      const { database } = this;
      await database.batch([
        database.delete(entries),
        database.delete(sessions),
        database.delete(holds),
        database.delete(blocks),
        database.delete(blockSessions),
        database.delete(positions),
      ]);
      return this.#catchUp(true);
    });
    rebuilt.catch(() => {
      this.#forget();
      this.#wake();
    });
    return rebuilt;
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

  #wake(): void {
    this.#stirred = true;
    if (!this.#idle) return;
    this.#idle = false;
    this.#next(0);
  }

  #next(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      // What came before a rest was told is read now, all of it.
      const last = [...this.#live].every((stream) => this.#resting.has(stream));
      this.#stirred = false;
      this.#inTurn(() => this.#catchUp(last)).then(
        () => {
          this.#idle = last && !this.#stirred;
          if (!this.#idle) this.#next(pollMs);
        },
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

  /** `all`: also what is read of a block that is not full. Resolves with the number of entries that were read. */
  async #catchUp(all: boolean): Promise<number> {
    let taken = 0;
    for (const stream of streams(this.dataDir)) {
      if (!this.#finished.has(stream)) taken += await this.#readToEnd(stream, all);
    }
    return taken;
  }

  async #readToEnd(stream: string, all: boolean): Promise<number> {
    // Asked before the end is found: what is written until a stream ends must not be missed.
    const live = this.#live.has(stream);
    const began = Date.now();
    const follower = await this.#follower(stream);
    let taken = 0;
    for (;;) {
      const { count, latest } = follower.read(batchEntries);
      // Somebody who writes as fast as this reads must not keep it here.
      const last = count < batchEntries || (live && latest > began);
      const over = !live || follower.stop.at === "damaged";
      if (follower.due || (last && (all || over))) await this.#write(stream, follower);
      taken += count;
      if (last) break;
      // Queries get their turn between two batches.
      await new Promise(setImmediate);
    }
    const { stop } = follower;
    if (stop.at === "damaged") this.events.indexFailed(`${stream}: ${stop.what}`);
    if (!live || stop.at === "damaged") {
      follower.close();
      this.#followers.delete(stream);
      this.#finished.add(stream);
    }
    return taken;
  }

  async #write(stream: string, follower: Follower): Promise<void> {
    const batch = follower.take();
    if (!batch) return;
    const ownerOf = await takeIn(this.database, stream, batch);
    this.events.indexed(batch.count);
    if (batch.single.length > 0) this.events.read(stream, batch.single, ownerOf);
  }

  async #follower(stream: string): Promise<Follower> {
    let follower = this.#followers.get(stream);
    if (!follower) {
      const known = await this.database.query.positions.findFirst({
        where: (table, { eq }) => eq(table.stream, stream),
      });
      follower = new Follower(this.dataDir, stream, known?.position);
      this.#followers.set(stream, follower);
    }
    return follower;
  }

  #forget(): void {
    for (const follower of this.#followers.values()) follower.close();
    this.#followers.clear();
    this.#finished.clear();
  }
}
