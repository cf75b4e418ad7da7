/**
 * What a recording is made of where a session has channels (SSH) or exchanges (HTTP). Each frame leaves through
 * `gate.passed`, in the order in which its content passed; numbers are big-endian:
 *
 *     type     u8   one of `frameTypes`
 *     channel  u32  counts the session's channels or exchanges from 0
 *     length   u32  of data, bytes
 *     data          output, error output, input: bytes as they were; resize: u32 columns, u32 rows;
 *                   exit: UTF-8, `0`, `137`, `SIGTERM`; event: JSON, a ChannelEvent
 *
 * Output is what the caller saw, masked; input is what a terminal echoed (see `typed.ts`).
 */
export const frameTypes = { output: 1, error: 2, input: 3, resize: 4, exit: 5, event: 6 } as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

export const frameHeaderBytes = 9;

/** What happens on a channel besides bytes. A reader shows those that it does not know by their name. */
export type ChannelEvent =
  /** A terminal is there from now on; its size in characters. */
  | { readonly event: "terminal"; readonly term: string; readonly columns: number; readonly rows: number }
  /** `what`: `exec`, `shell`, `sftp`; the command where there is one. */
  | { readonly event: "open"; readonly what: string; readonly command?: string }
  /** What the caller sent into a command: its size and the SHA-256 (hex) of all of it. */
  | { readonly event: "stdin"; readonly bytes: number; readonly sha256: string }
  /** What a command that moves files gave the caller, likewise: none of it is kept. */
  | { readonly event: "stdout"; readonly bytes: number; readonly sha256: string }
  /** A file that moved, was changed or went. `whole: false`: it was cut off, nobody closed it; absent: it was not. */
  | {
      readonly event: "file";
      readonly operation: string;
      readonly path: string;
      readonly bytes?: number;
      readonly sha256?: string;
      readonly whole?: false;
    }
  /**
   * A connection that is carried besides: `to` as a rule names it (`tcp HOST:PORT`, `unix /PATH`, `listen HOST:PORT`).
   * `from`: who came to a listener.
   */
  | { readonly event: "forward"; readonly to: string; readonly from?: string }
  /** Its end: bytes each way, and the SHA-256 (hex) of all of them. `sent` is the caller's. */
  | {
      readonly event: "forwarded";
      readonly to: string;
      readonly sent: number;
      readonly sentSha256: string;
      readonly received: number;
      readonly receivedSha256: string;
    }
  /** Something was typed that the terminal did not show, a password most likely: it is not kept. */
  | { readonly event: "unseen" }
  | { readonly event: "close" }
  /** An exchange of HTTP begins. `target`: path and query below the resource. */
  | { readonly event: "request"; readonly method: string; readonly target: string; readonly type?: string }
  /** Its request's body, all of it: size and SHA-256 (hex). */
  | { readonly event: "sent"; readonly bytes: number; readonly sha256: string }
  /** Its answer begins; its body follows as output. */
  | { readonly event: "answer"; readonly status: number; readonly type?: string }
  /** Its answer is over: what left of it. `whole`: it was not cut short. */
  | { readonly event: "end"; readonly bytes: number; readonly sha256: string; readonly whole: boolean };

export interface ChannelFrame {
  readonly type: FrameType;
  readonly channel: number;
  readonly data: Uint8Array;
}

/** One allocation: the frame itself. */
export function encodeFrame(type: FrameType, channel: number, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + data.length);
  writeFrameAt(frame, 0, type, channel, data);
  return frame;
}

/** Writes a frame where there is room for it; where it ends. */
export function writeFrameAt(
  into: Buffer,
  at: number,
  type: FrameType,
  channel: number,
  data: Uint8Array,
): number {
  into[at] = type;
  into.writeUInt32BE(channel, at + 1);
  into.writeUInt32BE(data.length, at + 5);
  into.set(data, at + frameHeaderBytes);
  return at + frameHeaderBytes + data.length;
}

/** Writes a frame of text (UTF-8), likewise; a text takes three bytes a UTF-16 unit at most. */
function writeTextAt(into: Buffer, at: number, type: FrameType, channel: number, text: string): number {
  const length = into.write(text, at + frameHeaderBytes, "utf8");
  into[at] = type;
  into.writeUInt32BE(channel, at + 1);
  into.writeUInt32BE(length, at + 5);
  return at + frameHeaderBytes + length;
}

export function encodeResize(channel: number, columns: number, rows: number): Buffer {
  const size = Buffer.allocUnsafe(8);
  size.writeUInt32BE(columns, 0);
  size.writeUInt32BE(rows, 4);
  return encodeFrame(frameTypes.resize, channel, size);
}

/** `exit`: the status, or the name of the signal with its `SIG`. */
export function encodeExit(channel: number, exit: number | string): Buffer {
  return encodeFrame(frameTypes.exit, channel, Buffer.from(String(exit)));
}

export function encodeEvent(channel: number, event: ChannelEvent): Buffer {
  const text = JSON.stringify(event);
  const frame = Buffer.allocUnsafe(frameHeaderBytes + Buffer.byteLength(text));
  writeTextAt(frame, 0, frameTypes.event, channel, text);
  return frame;
}

/**
 * The frames in a piece of a recording, as views of it. The last one may be cut short, where `record` was told to
 * keep so much and no more: what is there of its data is handed out. Never throws; what is no frame ends it.
 */
export function* decodeFrames(bytes: Uint8Array): Generator<ChannelFrame> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + frameHeaderBytes <= bytes.length) {
    const type = view.getUint8(at);
    if (!isFrameType(type)) return;
    const channel = view.getUint32(at + 1);
    const start = at + frameHeaderBytes;
    const end = start + view.getUint32(at + 5);
    yield { type, channel, data: bytes.subarray(start, Math.min(end, bytes.length)) };
    at = end;
  }
}

/** Of a resize frame; undefined: it was cut short. */
export function sizeOf(data: Uint8Array): { columns: number; rows: number } | undefined {
  if (data.length < 8) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, 8);
  return { columns: view.getUint32(0), rows: view.getUint32(4) };
}

/** Of an event frame, as far as it is one: the recording may be older than this code, or cut. */
export function eventOf(
  data: Uint8Array,
): { readonly event: string; readonly [field: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString("utf8"));
    const known =
      typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
    return known ? (value as { event: string }) : undefined;
  } catch {
    return undefined;
  }
}

function isFrameType(type: number): type is FrameType {
  return type >= frameTypes.output && type <= frameTypes.event;
}
