import type { Notice, NoticeType } from "../notifier.ts";
import type { Owner } from "../store/row.ts";
import type { Written } from "../trail/entry.ts";
import { noticeOf } from "./notice.ts";

/**
 * Tells what the indexer reads, where somebody wants to know: each entry once, however often it is read,
 * and none from before `since` (epoch milliseconds), which is history.
 */
export class Teller {
  #wanted: ReadonlySet<NoticeType> | undefined;
  /** What was read before anybody could say what they want. */
  #early: Notice[] = [];
  /** The last entry of each stream that was looked at. */
  readonly #told = new Map<string, number>();

  constructor(
    readonly since: number,
    readonly tell: (notices: readonly Notice[]) => void,
  ) {}

  want(types: readonly NoticeType[]): void {
    this.#wanted = new Set(types);
    const early = this.#early;
    this.#early = [];
    this.#pass(early);
  }

  /** Entries of one stream, in order. */
  read(stream: string, batch: readonly Written[], ownerOf: (entry: Written) => Owner | undefined): void {
    const told = this.#told.get(stream) ?? 0;
    this.#told.set(stream, Math.max(told, batch.at(-1)?.seq ?? 0));
    if (this.#wanted?.size === 0) return;
    const notices = batch.flatMap((entry) =>
      entry.seq > told && entry.time >= this.since ? (noticeOf(stream, entry, ownerOf(entry)) ?? []) : [],
    );
    if (this.#wanted) this.#pass(notices);
    else this.#early.push(...notices);
  }

  #pass(notices: readonly Notice[]): void {
    const wanted = notices.filter(({ type }) => this.#wanted?.has(type));
    if (wanted.length > 0) this.tell(wanted);
  }
}
