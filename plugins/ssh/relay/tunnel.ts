import type { Channel, Client, Connection } from "ssh2";
import type { Carriage } from "./carriage.ts";
import { flow } from "./flow.ts";
import { Outlet } from "./outlet.ts";

/** One side of a tunnel: a channel, and the connection that it is on. */
export interface End {
  readonly channel: Channel;
  readonly connection: Connection | Client;
}

/** Bytes both ways, untouched, each direction to its own end. Resolves when both channels are closed. */
export async function tunnel(carriage: Carriage, one: End, other: End): Promise<void> {
  await Promise.all([copy(carriage, one, other), copy(carriage, other, one)]);
  one.channel.close();
  other.channel.close();
}

async function copy(carriage: Carriage, from: End, to: End): Promise<void> {
  const outlet = new Outlet(to.channel, to.connection);
  from.channel.on("error", () => {});
  from.channel.once("close", () => to.channel.close());
  await flow(from.channel, (bytes) => {
    carriage.lastByte = performance.now();
    return outlet.write(bytes);
  });
  await outlet.settled();
  to.channel.eof();
}
