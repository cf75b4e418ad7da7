/** Bytes both ways: a socket, or the messages of a WebSocket. */
export interface Pipe {
  write(bytes: Uint8Array): void;
  onData(listener: (bytes: Buffer) => void): void;
  onClose(listener: () => void): void;
  end(): void;
}

/** A pipe over the socket of an upgraded request. `head`: what came behind the request. */
export function socketPipe(socket: NodeJS.ReadWriteStream & { destroy(): void }, head: Buffer): Pipe {
  return {
    write: (bytes) => void socket.write(bytes),
    onData(listener) {
      if (head.length > 0) listener(head);
      socket.on("data", listener);
    },
    onClose(listener) {
      socket.on("close", listener);
      socket.on("error", () => socket.destroy());
    },
    end: () => socket.end(),
  };
}
