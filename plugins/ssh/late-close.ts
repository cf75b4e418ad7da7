import type { Channel, Connection } from "ssh2";

type Handler = (protocol: unknown, channel: number) => void;

/** What of ssh2's own protocol object is needed here: it closes a channel before anybody is asked. */
interface Protocol {
  readonly _handlers: { readonly CHANNEL_EOF: Handler; CHANNEL_CLOSE: Handler };
}

/**
 * Closes that come before the host has said how the command ended. OpenSSH's client of a shared connection closes a
 * channel as soon as the end of file has passed both ways, and still waits for the exit status: RFC 4254, 5.3 wants the
 * close answered, not at once. ssh2 answers at once, after which nothing can be said on the channel.
 */
export class LateClose {
  /** By the channel's number here; a function: the close has come, and that takes it up again. */
  readonly #kept = new Map<number, (() => void) | undefined>();

  constructor(connection: Connection) {
    const { _handlers: handlers } = (connection as unknown as { readonly _protocol: Protocol })._protocol;
    const { CHANNEL_EOF: ended, CHANNEL_CLOSE: closed } = handlers;
    handlers.CHANNEL_CLOSE = (protocol, channel) => {
      if (!this.#kept.has(channel)) return closed(protocol, channel);
      this.#kept.set(channel, () => closed(protocol, channel));
      // Whoever closes sends nothing more.
      ended(protocol, channel);
    };
  }

  /** From now on a close of this channel waits. For one on which the caller was told that no more output comes. */
  keep(channel: Channel): void {
    this.#kept.set(numberOf(channel), undefined);
  }

  /** All is said on it: it closes as any other. */
  release(channel: Channel): void {
    const number = numberOf(channel);
    const close = this.#kept.get(number);
    this.#kept.delete(number);
    close?.();
  }
}

function numberOf({ incoming }: Channel): number {
  return (incoming as { readonly id: number }).id;
}
