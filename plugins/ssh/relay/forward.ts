import type { ClientChannel, ServerChannel, SocketRequestInfo, TcpipRequestInfo } from "ssh2";
import { admit, done } from "./admission.ts";
import type { Carriage } from "./carriage.ts";
import { reasonOf } from "./reason.ts";
import { sendable } from "./sendable.ts";
import { tunnel } from "./tunnel.ts";

/**
 * `-L`, `-D`, `-W` (RFC 4254, 7.2): a connection that the host makes, never the gateway. What is asked for is what
 * the rules are asked about, and what the host is told.
 */
export async function forwardTcp(
  carriage: Carriage,
  accept: () => ServerChannel,
  reject: () => void,
  { srcIP, srcPort, destIP, destPort }: TcpipRequestInfo,
): Promise<void> {
  const { connection } = carriage.host;
  const on = `tcp ${address(destIP, destPort)}`;
  await forward(carriage, on, accept, reject, (opened) =>
    connection.forwardOut(srcIP, srcPort, destIP, destPort, opened),
  );
}

/** The same to a unix socket of the host's. */
export async function forwardUnix(
  carriage: Carriage,
  accept: () => ServerChannel,
  reject: () => void,
  { socketPath }: SocketRequestInfo,
): Promise<void> {
  await forward(carriage, `unix ${socketPath}`, accept, reject, (opened) =>
    carriage.host.connection.openssh_forwardOutStreamLocal(socketPath, opened),
  );
}

type Opened = (error: Error | undefined, channel: ClientChannel) => void;

async function forward(
  carriage: Carriage,
  on: string,
  accept: () => ServerChannel,
  reject: () => void,
  open: (opened: Opened) => void,
): Promise<void> {
  const { caller, host, statements } = carriage;
  try {
    sendable(on);
  } catch (error) {
    return caller.refuse(reject, reasonOf(error));
  }
  const pass = await admit(carriage, statements.connect(on));
  if ("deny" in pass) return caller.refuse(reject, pass.deny);
  let result: "ok" | "error" = "error";
  try {
    const channel = await new Promise<ClientChannel>((resolve, refuse) => {
      open((error, channel) => (error ? refuse(error) : resolve(channel)));
    });
    const near = accept() as ServerChannel | undefined;
    if (!near) return void channel.close();
    await pass.ready();
    await tunnel(
      carriage,
      { channel: near, connection: caller.connection },
      { channel, connection: host.connection },
      { to: on },
    );
    result = "ok";
  } catch {
    // The host could not connect, or would not: the caller is told that it failed, as a host tells it.
    reject();
  } finally {
    done(carriage, pass, { result });
  }
}

/** `db.internal:5432`, `[::1]:5432`. */
export function address(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
