import { createHash } from "node:crypto";
import type { Channel, Client, Connection } from "ssh2";
import { encodeEvent } from "../../../core/plugin.ts";
import type { Carriage } from "./carriage.ts";
import { flow } from "./flow.ts";
import { Outlet } from "./outlet.ts";

/** One side of a tunnel: a channel, and the connection that it is on. */
export interface End {
  readonly channel: Channel;
  readonly connection: Connection | Client;
}

/** What a recording calls it: see `ChannelEvent`. */
export interface Carried {
  readonly to: string;
  readonly from?: string;
}

/**
 * Bytes both ways, untouched, each direction to its own end. Resolves when both channels are closed. The recording has
 * how many there were, and their hashes.
 */
export async function tunnel(carriage: Carriage, caller: End, host: End, carried: Carried): Promise<void> {
  const number = carriage.number();
  const [sent, received] = [new Sum(carriage), new Sum(carriage)];
  carriage.tell(() => encodeEvent(number, { event: "forward", ...carried }));
  const over = () => {
    if (!carriage.forwards.delete(over)) return;
    carriage.tell(() =>
      encodeEvent(number, {
        event: "forwarded",
        to: carried.to,
        ...{ sent: sent.bytes, sentSha256: sent.sha256() },
        ...{ received: received.bytes, receivedSha256: received.sha256() },
      }),
    );
  };
  carriage.forwards.add(over);
  try {
    await Promise.all([copy(sent, caller, host), copy(received, host, caller)]);
  } finally {
    caller.channel.close();
    host.channel.close();
    over();
  }
}

/** Of one direction. */
class Sum {
  bytes = 0;
  readonly #digest;
  #told = false;

  constructor(readonly carriage: Carriage) {
    this.#digest = carriage.gate.recordsWire ? createHash("sha256") : undefined;
  }

  add(bytes: Uint8Array): void {
    this.carriage.lastByte = performance.now();
    this.bytes += bytes.length;
    // What passes after the end was told is on its way to a caller who is cut off.
    if (!this.#told) this.#digest?.update(bytes);
  }

  sha256(): string {
    this.#told = true;
    return this.#digest?.digest("hex") ?? "";
  }
}

async function copy(sum: Sum, from: End, to: End): Promise<void> {
  const outlet = new Outlet(to.channel, to.connection);
  from.channel.on("error", () => {});
  from.channel.once("close", () => to.channel.close());
  await flow(from.channel, (bytes) => {
    sum.add(bytes);
    return outlet.write(bytes);
  });
  await outlet.settled();
  to.channel.eof();
}
