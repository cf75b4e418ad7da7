/** A server that takes a connection, says this and then nothing. */
export function openStuck(greeting: Uint8Array = Buffer.alloc(0)) {
  const sockets = new Set<{ terminate(): void }>();
  const greeted = new WeakSet<object>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        sockets.add(socket);
      },
      data(socket) {
        if (!greeted.has(socket)) socket.write(greeting);
        greeted.add(socket);
      },
      close(socket) {
        sockets.delete(socket);
      },
    },
  });
  return {
    port: listener.port,
    open: () => sockets.size,
    drop() {
      for (const socket of sockets) socket.terminate();
    },
    close: () => listener.stop(true),
  };
}
