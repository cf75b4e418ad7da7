import { readFile } from "node:fs/promises";

/** Bytes. Key sets, discovery documents and introspections have a few thousand. */
const largest = 1_048_576;
/** Milliseconds. */
const timeout = 5_000;

/**
 * Whether a URL may be trusted with what the provider says of its keys: TLS, or never leaving this
 * machine.
 */
export function isProtected(url: URL): boolean {
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && loopback);
}

export interface Asking {
  /** Path of a PEM file with the authorities that the server's certificate may come from; absent: the system's. */
  readonly ca?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST; absent: GET. */
  readonly form?: URLSearchParams;
}

/**
 * The JSON object at a URL. A redirect is not followed (it could lead off TLS), and the answer is read up to
 * a limit. Rejects with what to look at; never with what was sent.
 */
export async function fetchObject(url: string, { ca, headers, form }: Asking): Promise<JsonObject> {
  const response = await fetch(url, {
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
    headers: { accept: "application/json", ...headers },
    ...(form ? { method: "POST", body: form } : {}),
    ...(ca === undefined ? {} : { tls: { ca: await readFile(ca, "utf8") } }),
  });
  if (response.status !== 200) throw new OtherStatus(url, response.status);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largest) throw new Error(`the answer of ${url} is over ${largest} bytes`);
    chunks.push(chunk);
  }
  return objectIn(Buffer.concat(chunks).toString(), url);
}

/** How a client shows its secret (RFC 6749, 2.3.1). */
export function basic(clientId: string, secret: string): string {
  return `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}`;
}

/** An answer, but not the one that was asked for. */
export class OtherStatus extends Error {
  constructor(
    url: string,
    readonly status: number,
  ) {
    super(`${url} answers ${status}`);
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** `where` is named when the text is none. */
export function objectIn(text: string, where: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote what it read.
  }
  if (!isObject(value)) throw new Error(`${where} is no JSON object`);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
