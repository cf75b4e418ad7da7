import type { Channel } from "ssh2";

/**
 * Tells the other side something on a channel on which no more bytes will go there: a signal, a new size of the
 * terminal, how a command ended. SSH allows it (RFC 4254, 5.3), ssh2 drops it without a word. For channels that were
 * told so by `eof`; nothing can be said on one that was ended.
 */
export function tellHalfClosed(channel: Channel, tell: () => void): void {
  const outgoing = channel.outgoing as { state: string };
  const { state } = outgoing;
  if (state !== "open" && state !== "eof") return;
  outgoing.state = "open";
  try {
    tell();
  } finally {
    outgoing.state = state;
  }
}
