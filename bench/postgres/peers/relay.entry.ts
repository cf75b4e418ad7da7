// The least that a proxy in this runtime costs: `bun relay.entry.ts PORT SERVER-PORT` moves bytes and reads none.
import type { Socket } from "bun";

interface Side {
  other: Socket<Side> | undefined;
  unsent: Buffer[];
}

const [port, serverPort] = process.argv.slice(2).map(Number);

function send(to: Socket<Side>, bytes: Buffer): void {
  const { unsent } = to.data;
  const sent = unsent.length === 0 ? Math.max(0, to.write(bytes)) : 0;
  if (sent < bytes.length) unsent.push(Buffer.from(bytes.subarray(sent)));
}

const socket = {
  data({ data }: Socket<Side>, bytes: Buffer) {
    if (data.other) send(data.other, bytes);
    else data.unsent.push(Buffer.from(bytes));
  },
  drain(to: Socket<Side>) {
    for (const bytes of to.data.unsent.splice(0)) send(to, bytes);
  },
  close({ data }: Socket<Side>) {
    data.other?.end();
  },
  error({ data }: Socket<Side>) {
    data.other?.terminate();
  },
};

Bun.listen<Side>({
  hostname: "127.0.0.1",
  port: port ?? 0,
  socket: {
    ...socket,
    open(caller) {
      caller.data = { other: undefined, unsent: [] };
      caller.setNoDelay(true);
      void Bun.connect<Side>({
        hostname: "127.0.0.1",
        port: serverPort ?? 0,
        socket: {
          ...socket,
          open(server) {
            server.data = { other: caller, unsent: [] };
            server.setNoDelay(true);
            const early = caller.data.unsent.splice(0);
            caller.data.other = server;
            for (const bytes of early) send(server, bytes);
          },
        },
      });
    },
  },
});
