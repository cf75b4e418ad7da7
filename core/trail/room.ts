import type { Entry } from "./entry.ts";

/** What each admitted thing will still need to end: bytes for its outcome, close or hold-ended. */
const promised: Partial<Record<Entry["kind"], number>> = { operation: 256, open: 1024, hold: 2048 };
const kept: Partial<Record<Entry["kind"], number>> = { outcome: 256, close: 1024, "hold-ended": 2048 };
/** Entries that end something or hold the chain together: they may use the last byte. */
const ending: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  "outcome",
  "close",
  "hold-ended",
  "abandoned",
  "segment",
  "checkpoint",
  "stop",
]);
const forRefusals = 64 << 10;

/**
 * Keeps room on a full disk: nothing new is admitted unless all that was admitted can still be ended,
 * and refusals can be written for longer than new operations are let in.
 */
export class Room {
  #owed = 0;
  constructor(
    /** The reserve never grows beyond this, or many open operations would look like a full disk. */
    private readonly most: number,
  ) {}

  /** Bytes that must stay free after an entry of this kind. */
  floor(kind: Entry["kind"]): number {
    if (ending.has(kind)) return 0;
    const promise = promised[kind];
    const owed = Math.min(this.#owed, this.most);
    return promise === undefined ? owed : owed + promise + Math.min(forRefusals, this.most);
  }

  wrote(kind: Entry["kind"]): void {
    this.#owed = Math.max(0, this.#owed + (promised[kind] ?? 0) - (kept[kind] ?? 0));
  }
}

/** Entries that let something new begin: refused as soon as the trail is late or dead. */
export function admits(kind: Entry["kind"]): boolean {
  return promised[kind] !== undefined;
}
