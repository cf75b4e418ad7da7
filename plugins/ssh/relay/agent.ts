import type { Duplex } from "node:stream";
import type { Connection } from "ssh2";
import { admit } from "./admission.ts";
import type { Carriage } from "./carriage.ts";

/**
 * Whether the host may reach the caller's agent (`ssh -A`): asked once a connection, when the first channel wants
 * it. Who may not have it gets a session without, as from a host that does not allow it.
 */
export function agentAsker(carriage: Carriage): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  const ask = async () => {
    const pass = await admit(carriage, carriage.statements.connect("agent"));
    if ("deny" in pass) return false;
    carriage.host.agent.open = () => openAgent(carriage.caller.connection);
    return true;
  };
  return () => {
    answer ??= ask();
    return answer;
  };
}

/** What of ssh2's connection is needed: it opens channels of this kind for nobody. */
interface Opener {
  readonly _chanMgr: { add(opened: unknown): number };
  readonly _protocol: { openssh_authAgent(channel: number, window: number, packet: number): void };
}

const kind = "auth-agent@openssh.com";
/** Those of ssh2's other channels. */
const windowSize = 2 * 1024 * 1024;
const packetSize = 32 * 1024;

function openAgent(connection: Connection): Promise<Duplex> {
  const { _chanMgr: channels, _protocol: protocol } = connection as unknown as Opener;
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: Duplex) => (error ? reject(error) : resolve(channel));
    const number = channels.add(Object.assign(opened, { type: kind }));
    if (number === -1) return reject(new Error("no channel is free"));
    protocol.openssh_authAgent(number, windowSize, packetSize);
  });
}
