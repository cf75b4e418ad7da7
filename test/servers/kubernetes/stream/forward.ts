import { connect, type Socket } from "node:net";
import type { Kubelet } from "../kubelet.ts";
import type { Pipe } from "./pipe.ts";
import { SpdyEnd, type SpdyStream } from "./spdy.ts";
import { WebSocketEnd } from "./websocket.ts";

export const forwardProtocol = "portforward.k8s.io";
export const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";
export const channelProtocol = "v4.channel.k8s.io";

function reach(kubelet: Kubelet, port: number): Socket {
  return connect({ host: "127.0.0.1", port: kubelet.ports.get(port) ?? port });
}

/** Port-forward: for each connection a stream for errors and one for data, paired by `requestid`. */
export function forwardOverSpdy(pipe: Pipe, kubelet: Kubelet): void {
  const errors = new Map<string, SpdyStream>();
  const sockets = new Set<Socket>();
  new SpdyEnd(pipe, {
    stream(stream) {
      const id = stream.headers.requestid ?? "";
      if (stream.headers.streamtype === "error") {
        errors.set(id, stream);
        return;
      }
      const port = Number(stream.headers.port);
      const socket = reach(kubelet, port);
      sockets.add(socket);
      socket.on("data", (bytes: Buffer) => stream.write(bytes));
      socket.on("error", (error) => {
        errors.get(id)?.write(Buffer.from(`an error occurred forwarding port ${port}: ${error.message}`));
      });
      socket.on("close", () => {
        sockets.delete(socket);
        stream.end();
        errors.get(id)?.end();
        errors.delete(id);
      });
      stream.onData((bytes) => void socket.write(bytes));
      stream.onEnd(() => void socket.end());
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  });
}

/** The older form over WebSocket: two channels a port, data and errors, each begun with the port. */
export function forwardOverChannels(pipe: Pipe, kubelet: Kubelet, ports: readonly number[]): void {
  const sockets: Socket[] = [];
  const end = new WebSocketEnd(pipe, {
    message(bytes) {
      sockets[(bytes[0] ?? 0) / 2]?.write(bytes.subarray(1));
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  });
  const send = (channel: number, bytes: Uint8Array) =>
    end.send(Buffer.concat([Buffer.from([channel]), bytes]));
  ports.forEach((port, index) => {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    send(index * 2, number);
    send(index * 2 + 1, number);
    const socket = reach(kubelet, port);
    sockets.push(socket);
    socket.on("data", (bytes: Buffer) => send(index * 2, bytes));
    socket.on("error", (error) => send(index * 2 + 1, Buffer.from(error.message)));
    socket.on("close", () => end.close());
  });
}
