import type { ClientChannel, ServerChannel } from "ssh2";
import { encodeEvent, type HeldOperation, type Reason } from "../../../core/plugin.ts";
import { Malformed } from "../keys/fields.ts";
import { relaySftp } from "../sftp/relay.ts";
import { lines } from "./carriage.ts";
import type { Outlet } from "./outlet.ts";
import type { Voice } from "./voice.ts";

/** What the gateway says on the error output of one channel, at most: not every client reads it. */
const mostSaid = 64 * 1024;

/** The subsystem `sftp` on one channel, each of its requests by itself. Until the host has said its last. */
export async function carrySftp(
  voice: Voice,
  caller: ServerChannel,
  host: ClientChannel,
  into: Outlet,
): Promise<void> {
  const { carriage } = voice;
  let left = mostSaid;
  const say = (...texts: readonly string[]) => {
    for (const text of texts) left -= text.length;
    if (left > 0) voice.say(...texts);
  };
  // One request waits at a time. A client that has asked for its last waits for nothing.
  let waiting: HeldOperation | undefined;
  let gone = false;
  const leave = () => {
    gone = true;
    waiting?.withdraw("abandoned");
  };
  caller.once("end", leave).once("close", leave);
  try {
    await relaySftp({
      gate: carriage.gate,
      caller,
      host,
      toCaller(bytes) {
        carriage.lastByte = performance.now();
        return voice.outlet.write(bytes);
      },
      toHost(bytes) {
        carriage.lastByte = performance.now();
        return into.write(bytes);
      },
      endHost: () => void into.settled().then(() => host.end()),
      refused: (reason) => say(...lines(reason, carriage.gate.session.id)),
      held(hold) {
        say(`postern: ${hold.notice}`);
        waiting = hold;
        if (gone) leave();
      },
      note: (event) => carriage.tell(() => encodeEvent(voice.number, event)),
    });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    voice.say(...lines(malformed(error), carriage.gate.session.id));
    host.close();
  }
}

function malformed({ message }: Malformed): Reason {
  return { code: "sftp.protocol", message: `This is no SFTP as version 3 has it: ${message}.` };
}
