import { connect, createServer, type Socket } from "node:net";

/** A relay between two ends that keeps every byte that passed, each way. */
export interface Wiretap {
  readonly port: number;
  /** What the connecting side sent, over all connections, in order of arrival. */
  readonly sent: () => Buffer;
  /** What it got back. */
  readonly received: () => Buffer;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 and relays to `port` there. */
export async function openWiretap(port: number): Promise<Wiretap> {
  const sent: Buffer[] = [];
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    tie(near, far, sent);
    tie(far, near, received);
    for (const socket of [near, far]) sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The wiretap has no port.");
  return {
    port: address.port,
    sent: () => Buffer.concat(sent),
    received: () => Buffer.concat(received),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function tie(from: Socket, to: Socket, kept: Buffer[]): void {
  from.setNoDelay(true);
  from.on("data", (chunk: Buffer) => {
    kept.push(chunk);
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroySoon());
}
