import type { Cursor } from "../../../core/plugin.ts";
import type { Exchange } from "./exchange.ts";
import { Closing, Definition, Portal, type Subject } from "./named.ts";
import { kind } from "./owed.ts";

/** A message kept back. */
export interface Corked {
  readonly what: number;
  /** A copy of the whole message. */
  readonly bytes: Buffer;
  readonly subject: Subject | undefined;
}

/**
 * What a group has sent since the first message of a statement that will be held. None of it reaches
 * the server before a person has approved: no lock is taken, no timeout runs. What a group runs in this
 * way (executemany) is approved as one.
 */
export class Cork {
  entries: Corked[] = [];
  /** It cannot take more: what is in it is decided before anything else. */
  full = false;
  #bytes = 0;

  constructor(readonly exchange: Exchange) {}

  get active(): boolean {
    return this.entries.length > 0;
  }

  add(cursor: Cursor, length: number, what: number, subject: Subject | undefined): void {
    const bytes = Buffer.from(cursor.view.subarray(cursor.at, cursor.at + length));
    this.entries.push({ what, bytes, subject });
    this.#bytes += length;
    const { buffer, owed } = this.exchange.services.limits;
    this.full ||= this.#bytes > buffer || this.entries.length >= owed;
    cursor.drop(length);
  }

  take(): Corked[] {
    const { entries } = this;
    this.entries = [];
    this.full = false;
    this.#bytes = 0;
    return entries;
  }

  /** None of it will be sent: the server refuses or skips this group anyway. */
  discard(): void {
    for (const { what, subject } of this.take()) forget(this.exchange, what, subject);
  }
}

/** A message that would have defined or closed a name was skipped. */
export function forget(exchange: Exchange, what: number, subject: Subject | undefined): void {
  if (what === kind.parse && subject instanceof Definition) exchange.statements.forget(subject.name);
  else if (what === kind.bind && subject instanceof Portal) exchange.portals.forget(subject.name);
  else if (what === kind.close && subject instanceof Closing) {
    (subject.what === "statement" ? exchange.statements : exchange.portals).forget(subject.name);
  }
}
