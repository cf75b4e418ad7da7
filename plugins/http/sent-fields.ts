import type { ListenerInfo, Wire } from "../../core/plugin.ts";
import type { Destination } from "./config.ts";
import type { Fields, RequestHead } from "./message.ts";
import { outgoing } from "./outgoing.ts";

interface Sent {
  /** What they were made of. */
  readonly from: Fields;
  readonly authority: string;
  readonly destination: Destination;
  readonly login: Fields;
  readonly prefix: string;
  readonly fields: Fields;
}

/**
 * The heads of one connection's requests, as their resource gets them. What is the same from one request to the next (a
 * client repeats its fields, a session its login) is put together once; known by identity, so it is the same to the byte.
 */
export class SentFields {
  #last: Sent | undefined;

  constructor(
    readonly caller: Wire,
    readonly listener: ListenerInfo,
    readonly strips: ((name: string) => boolean) | undefined,
  ) {}

  /** As `outgoing` has it. `prefix`: what of the path named the resource. */
  head(head: RequestHead, destination: Destination, login: Fields, prefix: string): RequestHead {
    const { method, target, authority, version, fields: from } = head;
    const last = this.#last;
    if (
      last?.from === from &&
      last.login === login &&
      last.destination === destination &&
      last.authority === authority &&
      last.prefix === prefix
    ) {
      const { authority: named, base } = destination;
      return { method, target: `${base}${target}`, authority: named, version, fields: last.fields };
    }
    const { caller, listener, strips } = this;
    const sent = outgoing(head, target, destination, login, { caller, listener, prefix }, strips);
    this.#last = { from, authority, destination, login, prefix, fields: sent.fields };
    return sent;
  }
}
