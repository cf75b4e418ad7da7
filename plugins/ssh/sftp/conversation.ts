import { Malformed } from "../keys/fields.ts";
import { string } from "../message.ts";
import type { SftpEnds } from "./ends.ts";
import { encode, encodeStatus, type Message } from "./message.ts";
import type { OpenFile } from "./open-file.ts";
import type { Owed } from "./owed.ts";

/** As many requests as may wait for the host; OpenSSH's client has 64 under way. */
const mostOwed = 1024;
export const mostHandles = 1024;

/** What both directions know of each other. */
export class Conversation {
  readonly owed = new Map<number, Owed>();
  /** By the handle's bytes. */
  readonly files = new Map<string, OpenFile>();
  #room: (() => void) | undefined;
  #own = 0;

  constructor(readonly ends: SftpEnds) {}

  /** Sends a request on. A promise: send no more until it is kept. Throws Malformed. */
  request(id: number, owed: Owed, pieces: readonly Uint8Array[]): Promise<void> | undefined {
    if (this.owed.has(id)) throw new Malformed("a request has the number of one that has no answer");
    this.owed.set(id, owed);
    let waits: Promise<void> | undefined;
    for (const piece of pieces) waits = this.ends.toHost(piece) ?? waits;
    if (this.owed.size < mostOwed) return waits;
    const room = new Promise<void>((resolve) => {
      this.#room = resolve;
    });
    return waits ? Promise.all([waits, room]).then(() => {}) : room;
  }

  /** Whose answer this is. Throws Malformed. */
  settle(id: number): Owed {
    const owed = this.owed.get(id);
    if (!owed) throw new Malformed("an answer has no request");
    this.owed.delete(id);
    this.#room?.();
    this.#room = undefined;
    return owed;
  }

  /** Answers a request in the host's place. */
  status(id: number, code: number, text: string | Uint8Array): Promise<void> | undefined {
    return this.ends.toCaller(encodeStatus(id, code, text));
  }

  /** A REALPATH or READLINK of the gateway's own (draft-ietf-secsh-filexfer-02, 6.10, 6.11). Rejects when the host leaves. */
  askPath(type: number, path: string): Promise<Message> {
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    do this.#own = (this.#own + 1) >>> 0;
    while (this.owed.has(this.#own));
    const owed: Owed = {
      answered(answer) {
        resolve(answer);
        return undefined;
      },
      abandoned: () => reject(new Malformed("the host left")),
    };
    this.owed.set(this.#own, owed);
    void this.ends.toHost(encode(type, this.#own, string(path)));
    return promise;
  }

  /** Nothing will be answered any more. */
  abandon(): void {
    const owed = [...this.owed.values()];
    this.owed.clear();
    this.#room?.();
    for (const each of owed) each.abandoned();
    for (const file of this.files.values()) for (const event of file.over("unknown")) this.ends.note(event);
    this.files.clear();
  }
}
