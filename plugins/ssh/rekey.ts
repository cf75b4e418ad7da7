import type { Client, Connection } from "ssh2";
import type { SshStream } from "./ssh-stream.ts";

export interface RekeyLimits {
  /** Bytes that pass under one set of keys, both directions together. */
  readonly bytes: number;
  /** Milliseconds for which one set of keys is used. */
  readonly age: number;
  /** Milliseconds that the other side may take for the exchange. */
  readonly patience: number;
}

/** RFC 4253, 9: after each gigabyte and after each hour. */
export const rekeyLimits: RekeyLimits = { bytes: 1e9, age: 3_600_000, patience: 60_000 };

/** What of ssh2 is needed here: its clients have no call for it. */
interface Rekeying {
  readonly _protocol: { rekey(): void };
}

/**
 * Has new keys made for a connection whenever the limits say so. Whoever does not take part in the exchange is cut off:
 * what is to be sent waits in memory meanwhile.
 */
export function renewKeys(
  connection: Connection | Client,
  stream: SshStream,
  { bytes, age, patience }: RekeyLimits = rekeyLimits,
): void {
  let old: ReturnType<typeof setTimeout> | undefined;
  let late: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const renew = () => {
    if (over) return;
    const { _protocol: protocol } = connection as unknown as Rekeying;
    late ??= setTimeout(() => stream.destroy(), patience).unref();
    // Does nothing where the other side has begun already.
    protocol.rekey();
  };
  const begin = () => {
    clearTimeout(late);
    clearTimeout(old);
    late = undefined;
    if (over) return;
    old = setTimeout(renew, age).unref();
    // Not at once: it may be told in the middle of a packet that is being sent.
    stream.after(bytes, () => queueMicrotask(renew));
  };
  connection.on("handshake", begin);
  connection.once("close", () => {
    over = true;
    clearTimeout(late);
    clearTimeout(old);
  });
  begin();
}
