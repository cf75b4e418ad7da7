import { PosternError } from "../error.ts";
import type { Notice, Notifier, OpenNotifier } from "../notifier.ts";

/** A notifier that is ready to deliver. */
export interface Opened {
  readonly notifier: Notifier;
  readonly open: OpenNotifier;
}

/** Notices that one notifier will not deliver any more. */
export interface GivenUp {
  readonly notifier: string;
  readonly why: string;
  readonly notices: number;
  /** Where it is one that was tried. */
  readonly notice?: Notice;
  readonly attempts?: number;
}

export interface OutboxEvents {
  delivered(notifier: string): void;
  gaveUp(what: GivenUp): void;
}

interface Letter {
  readonly notice: Notice;
  attempts: number;
  /** Set while it waits for its next attempt. */
  timer?: Timer;
}

/** Attempts of one notifier at the same time. */
const attemptsAtOnce = 8;
/** What it may owe: beyond this, notices are dropped and counted. */
export const mostWaiting = 1_000;
/** One entry in the trail says how many were dropped in this time. */
const dropReportMs = 10_000;

/** What one notifier still has to deliver: each notice on its own, so that one that hangs holds up no other. */
export class Outbox {
  readonly #letters = new Set<Letter>();
  readonly #ready: Letter[] = [];
  readonly #abort = new AbortController();
  #sending = 0;
  #dropped = 0;
  #dropTimer: Timer | undefined;
  #retired = false;
  #closed = false;

  constructor(
    readonly opened: Opened,
    readonly events: OutboxEvents,
  ) {}

  get waiting(): number {
    return this.#letters.size;
  }

  take(notice: Notice): void {
    if (!this.opened.notifier.events.includes(notice.type)) return;
    if (this.#letters.size >= mostWaiting) return this.#drop();
    const letter: Letter = { notice, attempts: 0 };
    this.#letters.add(letter);
    this.#ready.push(letter);
    this.#send();
  }

  /** Takes nothing new; closes by itself when all is delivered or given up. */
  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  /** Gives up what is left, each on its own line of the trail. */
  stop(why: string): void {
    if (!this.#abort.signal.aborted) this.#abort.abort();
    for (const letter of [...this.#letters]) this.#giveUp(letter, why);
    this.#reportDropped();
    this.retire();
  }

  #send(): void {
    while (this.#sending < attemptsAtOnce) {
      const letter = this.#ready.shift();
      if (!letter) return;
      this.#sending++;
      void this.#attempt(letter).finally(() => {
        this.#sending--;
        this.#send();
      });
    }
  }

  async #attempt(letter: Letter): Promise<void> {
    const { notifier, open } = this.opened;
    letter.attempts++;
    const late = AbortSignal.timeout(notifier.timeout);
    const signal = AbortSignal.any([late, this.#abort.signal]);
    try {
      await Promise.race([open.deliver(letter.notice, signal), aborted(signal)]);
      if (!this.#letters.delete(letter)) return;
      this.events.delivered(notifier.name);
      this.#closeIfDone();
    } catch (error) {
      const why = late.aborted ? `it gave no answer within ${notifier.timeout} ms` : whyOf(error);
      this.#again(letter, why);
    }
  }

  #again(letter: Letter, why: string): void {
    if (!this.#letters.has(letter)) return;
    const wait = this.opened.notifier.retry[letter.attempts - 1];
    if (wait === undefined) return this.#giveUp(letter, why);
    // Up to a fifth more, so that what failed together does not come back together.
    letter.timer = setTimeout(
      () => {
        this.#ready.push(letter);
        this.#send();
      },
      wait * (1 + Math.random() / 5),
    );
  }

  #giveUp(letter: Letter, why: string): void {
    clearTimeout(letter.timer);
    this.#letters.delete(letter);
    const { notice, attempts } = letter;
    this.events.gaveUp({ notifier: this.opened.notifier.name, why, notices: 1, notice, attempts });
    this.#closeIfDone();
  }

  #drop(): void {
    this.#dropped++;
    this.#dropTimer ??= setTimeout(() => this.#reportDropped(), dropReportMs);
  }

  #reportDropped(): void {
    clearTimeout(this.#dropTimer);
    this.#dropTimer = undefined;
    if (this.#dropped === 0) return;
    const why = `${mostWaiting} notices were waiting already`;
    this.events.gaveUp({ notifier: this.opened.notifier.name, why, notices: this.#dropped });
    this.#dropped = 0;
  }

  #closeIfDone(): void {
    if (!this.#retired || this.#letters.size > 0 || this.#closed) return;
    this.#closed = true;
    this.#reportDropped();
    this.opened.open.close?.();
  }
}

/** A notifier that ignores its signal must not keep its place. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

function whyOf(error: unknown): string {
  if (error instanceof PosternError) return error.message;
  return `the notifier failed (${error instanceof Error ? error.name : "a value that is no error"})`;
}
