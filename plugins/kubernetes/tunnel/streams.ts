import type { Side } from "../../http/kit.ts";

/** The streams of an exec or attach, whichever framing carries them. */
export type StreamName = "stdin" | "stdout" | "stderr" | "error" | "resize";

/** Which side a stream's bytes come from. */
export function sourceOf(name: StreamName): Side {
  return name === "stdin" || name === "resize" ? "caller" : "resource";
}

/** Carries streams between caller and cluster. Throws PosternError `kubernetes.stream`, `http.websocket`. */
export interface Streams {
  push(view: Buffer, from: Side): void;
  /** To the side that the stream's bytes do not come from. */
  send(name: StreamName, bytes: Uint8Array): void;
  end(name: StreamName): void;
  /** The gateway ends it: `status` (JSON of a Status object) goes on the error stream, where it has one. */
  leave(status: Buffer, text: string): void;
}

/** Who says what becomes of them: what is not sent on, stays here. */
export interface StreamsSink {
  /** The view is good until the call returns. */
  data(name: StreamName, view: Buffer): void;
  ended(name: StreamName): void;
  /** Nothing more comes from the cluster: what was kept back has to be sent now. */
  leaving(): void;
}

/** Writes to one side. */
export type Out = (to: Side, bytes: Uint8Array) => void;
