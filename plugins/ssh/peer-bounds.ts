import type { Client, Connection } from "ssh2";

/** Of a channel, in bytes: OpenSSH's clients say 32 KiB, RFC 4253, 6.1, makes each take that much. */
const leastPacket = 1024;
/** RFC 4254, 5.2. */
const widestWindow = 2 ** 32 - 1;

/** A channel as ssh2 keeps it; `_channel`: of a session, once something runs in it. */
interface Kept {
  readonly _channel?: Kept;
  readonly incoming?: { readonly window: number };
  readonly outgoing?: { readonly window: number };
}

type Handler = (protocol: unknown, ...message: never[]) => void;
interface Offer {
  readonly packetSize: number;
}

/** What of ssh2's connection is needed: it looks at none of this itself. */
interface Watched {
  readonly _chanMgr: { get(channel: number): Kept | undefined };
  readonly _protocol: { readonly _handlers: Record<string, Handler | undefined> };
}

/**
 * Holds the other side to the bounds of its channels. ssh2 sends packets of no bytes without end on a channel whose
 * other side takes none, and keeps whatever comes, also beyond the window that it gave: one connection could stop
 * the process, or fill it. `broke` is told once; from then on nothing of what comes is looked at.
 */
export function holdToBounds(connection: Connection | Client, broke: (how: string) => void): void {
  const { _chanMgr: channels, _protocol: protocol } = connection as unknown as Watched;
  const handlers = protocol._handlers;
  const channel = (number: number) => {
    const kept = channels.get(number);
    return kept?._channel ?? kept;
  };
  let over = false;
  const check = <M extends readonly unknown[]>(
    name: string,
    fault: (...message: M) => string | undefined,
  ) => {
    const plain = handlers[name];
    if (!plain) return;
    handlers[name] = (self, ...message) => {
      if (over) return;
      const how = fault(...(message as unknown as M));
      if (how === undefined) return plain(self, ...message);
      over = true;
      broke(how);
    };
  };
  const small = ({ packetSize }: Offer) =>
    packetSize < leastPacket ? `it opened a channel for packets of ${packetSize} bytes` : undefined;
  const beyond = (number: number, data: Buffer) => {
    const { window } = channel(number)?.incoming ?? {};
    return window !== undefined && data.length > window
      ? "it sent more on a channel than its window"
      : undefined;
  };
  check("CHANNEL_OPEN", small);
  check("CHANNEL_OPEN_CONFIRMATION", small);
  check("CHANNEL_DATA", beyond);
  check("CHANNEL_EXTENDED_DATA", beyond);
  check("CHANNEL_WINDOW_ADJUST", (number: number, more: number) =>
    (channel(number)?.outgoing?.window ?? 0) + more > widestWindow
      ? "it made the window of a channel wider than can be"
      : undefined,
  );
}
