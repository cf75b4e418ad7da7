import type { JsonObject, KubeObject } from "../json.ts";
import type { Container, Kubelet } from "../kubelet.ts";
import type { Pipe } from "./pipe.ts";
import { SpdyEnd, type SpdyStream } from "./spdy.ts";
import { WebSocketEnd } from "./websocket.ts";

/** What is asked for by the query of exec and attach. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The client's end of a process, whatever the protocol. */
interface Caller {
  stdout(bytes: Uint8Array): void;
  stderr(bytes: Uint8Array): void;
  /** Tells how it ended, and ends the connection. */
  finish(status: JsonObject): void;
  onStdin(listener: (bytes: Buffer) => void, ended: () => void): void;
  onResize(listener: (size: { Width: number; Height: number }) => void): void;
  onClose(listener: () => void): void;
}

export const webSocketProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
];
export const spdyProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
];

/** How a process ended, as the error channel of version 4 says it. */
function statusOf(code: number): JsonObject {
  if (code === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

/** Runs a command in a container for this caller. */
async function serve(
  kubelet: Kubelet,
  pod: KubeObject,
  container: Container,
  options: ExecOptions,
  caller: Caller,
): Promise<void> {
  let child: Bun.Subprocess;
  try {
    child = kubelet.spawn(pod, container, options.command, {
      stdin: options.stdin,
      ...(options.tty
        ? { terminal: { cols: 80, rows: 24, data: (_terminal, bytes) => caller.stdout(Buffer.from(bytes)) } }
        : {}),
    });
  } catch (error) {
    const message = `error executing command in container: ${error instanceof Error ? error.message : String(error)}`;
    caller.finish({ metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 });
    return;
  }
  const { terminal } = child;
  caller.onClose(() => child.kill("SIGHUP"));
  caller.onResize(({ Width, Height }) => terminal?.resize(Width, Height));
  const input = child.stdin;
  if (options.stdin)
    caller.onStdin(
      (bytes) => {
        if (terminal) terminal.write(bytes);
        else if (input && typeof input !== "number") {
          input.write(bytes);
          void input.flush();
        }
      },
      () => {
        if (!terminal && input && typeof input !== "number") void input.end();
      },
    );
  const copied = [[child.stdout, caller.stdout] as const, [child.stderr, caller.stderr] as const].map(
    async ([stream, send]) => {
      if (!(stream instanceof ReadableStream)) return;
      for await (const bytes of stream) send(bytes as Uint8Array);
    },
  );
  await Promise.all(copied);
  const code = await child.exited;
  caller.finish(statusOf(code));
}

/** attach: the log from now on, until the container ends or the caller goes. */
function follow(container: Container, caller: Caller): void {
  let told = container.log.length;
  const more = () => {
    for (; told < container.log.length; told++) caller.stdout(Buffer.from(`${container.log[told]?.line}\n`));
    if (container.running) return;
    container.listeners.delete(more);
    caller.finish(statusOf(0));
  };
  container.listeners.add(more);
  caller.onClose(() => container.listeners.delete(more));
}

function begin(
  kubelet: Kubelet,
  pod: KubeObject,
  container: Container,
  options: ExecOptions,
  caller: Caller,
): void {
  if (options.command.length === 0) follow(container, caller);
  else void serve(kubelet, pod, container, options, caller);
}

/** exec and attach over a WebSocket: a byte for the channel, then what is on it. */
export function overWebSocket(
  pipe: Pipe,
  protocol: string,
  kubelet: Kubelet,
  pod: KubeObject,
  container: Container,
  options: ExecOptions,
): void {
  const stdin: { data(bytes: Buffer): void; end(): void }[] = [];
  const resize: ((size: { Width: number; Height: number }) => void)[] = [];
  const closing: (() => void)[] = [];
  const base64 = protocol.includes("base64");
  const socket = new WebSocketEnd(pipe, {
    message(raw) {
      const bytes = base64
        ? Buffer.concat([
            Buffer.from([(raw[0] ?? 48) - 48]),
            Buffer.from(raw.subarray(1).toString(), "base64"),
          ])
        : raw;
      const content = bytes.subarray(1);
      if (bytes[0] === 0) for (const one of stdin) one.data(content);
      if (bytes[0] === 4) for (const one of resize) one(JSON.parse(content.toString()));
      // Version 5: a channel is closed.
      if (bytes[0] === 255 && content[0] === 0) for (const one of stdin) one.end();
    },
    close() {
      for (const one of closing) one();
    },
  });
  const send = (channel: number, bytes: Uint8Array) => {
    if (base64) socket.send(Buffer.from(`${channel}${Buffer.from(bytes).toString("base64")}`), true);
    else socket.send(Buffer.concat([Buffer.from([channel]), bytes]));
  };
  begin(kubelet, pod, container, options, {
    stdout: (bytes) => options.stdout && send(1, bytes),
    stderr: (bytes) => options.stderr && send(2, bytes),
    finish(status) {
      if (protocol.startsWith("v")) send(3, Buffer.from(JSON.stringify(status)));
      else if (status.status !== "Success") send(3, Buffer.from(String(status.message)));
      socket.close();
    },
    onStdin: (data, end) => void stdin.push({ data, end }),
    onResize: (listener) => void resize.push(listener),
    onClose: (listener) => void closing.push(listener),
  });
}

/** exec and attach over SPDY: a stream each, named by its header `streamtype`. */
export function overSpdy(
  pipe: Pipe,
  protocol: string,
  kubelet: Kubelet,
  pod: KubeObject,
  container: Container,
  options: ExecOptions,
): void {
  const streams = new Map<string, SpdyStream>();
  const closing: (() => void)[] = [];
  const wanted = ["error", ...(["stdin", "stdout"] as const).filter((name) => options[name])];
  if (options.stderr && !options.tty) wanted.push("stderr");
  if (options.tty && /^v[345]/.test(protocol)) wanted.push("resize");
  let begun = false;
  const connection = new SpdyEnd(pipe, {
    stream(stream) {
      streams.set(stream.headers.streamtype ?? "", stream);
      if (begun || !wanted.every((name) => streams.has(name))) return;
      begun = true;
      begin(kubelet, pod, container, options, {
        stdout: (bytes) => streams.get("stdout")?.write(bytes),
        stderr: (bytes) => streams.get("stderr")?.write(bytes),
        finish(status) {
          const failed = status.status !== "Success";
          const text = /^v[45]/.test(protocol)
            ? JSON.stringify(status)
            : failed
              ? String(status.message)
              : "";
          if (text !== "") streams.get("error")?.write(Buffer.from(text));
          for (const name of ["stdout", "stderr", "error"]) streams.get(name)?.end();
          connection.close();
        },
        onStdin(data, end) {
          streams.get("stdin")?.onData(data);
          streams.get("stdin")?.onEnd(end);
        },
        onResize: (listener) =>
          streams.get("resize")?.onData((bytes) => {
            for (const line of bytes
              .toString()
              .split("\n")
              .filter((one) => one !== ""))
              listener(JSON.parse(line));
          }),
        onClose: (listener) => void closing.push(listener),
      });
    },
    close() {
      for (const one of closing) one();
    },
  });
}
