/** Bytes. Key sets and discovery documents have a few thousand. */
const largest = 1_048_576;

/**
 * Whether a URL may be trusted with what the provider says of its keys: TLS, or never leaving this
 * machine.
 */
export function isProtected(url: URL): boolean {
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && loopback);
}

/** GET without following a redirect (it could lead off TLS); the answer is read up to a limit. */
export async function fetchDocument(
  url: string,
  init: { headers?: Headers; signal: AbortSignal },
): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largest) throw new Error(`the answer of ${url} is over ${largest} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
}
