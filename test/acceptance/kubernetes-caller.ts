import { gunzipSync } from "node:zlib";
import type { Canaries } from "../canary.ts";
import type { KubernetesDoor } from "./kubernetes-door.ts";

/** What one request was answered, to the byte. */
export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  /** JSON, unless it is text or bytes. */
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For what does not end: over when this is in it. */
  readonly until?: string;
}

/** Somebody who speaks to the cluster through the gateway by hand. */
export class Caller {
  constructor(
    readonly door: KubernetesDoor,
    readonly token: string,
  ) {}

  async ask(path: string, asking: Asking = {}): Promise<Answered> {
    const { method = "GET", body, type = "application/json", headers = {}, until } = asking;
    const sent =
      typeof body === "string" ? body : body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body);
    const stop = new AbortController();
    const response = await fetch(`${this.door.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "Content-Type": type }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      tls: { ca: this.door.ca },
      decompress: false,
      signal: stop.signal,
    });
    const bytes =
      until === undefined
        ? Buffer.from(await response.arrayBuffer())
        : await upTo(response as unknown as Response, until);
    stop.abort();
    const named = Buffer.from([...response.headers].flat().join("\n"));
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      bytes: Buffer.concat([bytes, named]),
      text: bytes.toString(),
    };
  }

  /** All messages of a WebSocket until the first one or its end. */
  async socket(path: string, ...protocols: string[]): Promise<Buffer> {
    const url = `${this.door.url.replace("https:", "wss:")}${path}`;
    const options = {
      headers: { Authorization: `Bearer ${this.token}` },
      tls: { ca: this.door.ca },
      protocols,
    };
    const socket = new WebSocket(url, options as unknown as string[]);
    const parts: Buffer[] = [];
    return await new Promise((resolve) => {
      const over = () => {
        socket.close();
        resolve(Buffer.concat(parts));
      };
      socket.addEventListener("message", ({ data }) => {
        parts.push(Buffer.from(data as string));
        over();
      });
      socket.addEventListener("close", over);
      socket.addEventListener("error", over);
    });
  }
}

async function upTo(response: Response, mark: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    parts.push(part);
    if (Buffer.concat(parts).includes(mark)) break;
  }
  return Buffer.concat(parts);
}

/** Layers of packing that are undone. */
const deepest = 4;

/** Where a canary is in these bytes, also below base64 and gzip, one in the other. */
export function leaks(canaries: Canaries, where: string, bytes: Buffer, depth = 0): string[] {
  const found = canaries.inBytes(where, bytes);
  if (found.length > 0 || depth === deepest) return found;
  const inner: Buffer[] = [];
  for (
    let at = bytes.indexOf("\x1f\x8b", 0, "latin1");
    at >= 0;
    at = bytes.indexOf("\x1f\x8b", at + 1, "latin1")
  ) {
    try {
      inner.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // Two bytes by chance.
    }
  }
  for (const [packed] of bytes.toString("latin1").matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g))
    inner.push(Buffer.from(packed, "base64"));
  return inner.flatMap((each) => leaks(canaries, where, each, depth + 1));
}
