/** Bytes that arrive between two collections. */
const collectEvery = 64 << 20;
/** Less than this is not worth a call. */
const large = 4096;
let passed = 0;

/**
 * To call with what has arrived. It is garbage a moment later, and the engine waits for hundreds of megabytes of it
 * before it looks.
 */
export function arrived(bytes: number): void {
  passed += bytes;
  if (passed <= collectEvery) return;
  passed = 0;
  Bun.gc(false);
}

/**
 * To call with a chunk that arrived and that nobody will look at again: its memory serves the next one, which is neither
 * fetched from the system nor missing in the processor's caches. What views of it are left have no bytes.
 */
export function free(chunk: Buffer): void {
  const { length } = chunk;
  if (length < large) return;
  const { buffer } = chunk;
  // A part of something larger is not ours to free.
  if (buffer.byteLength !== length || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
  passed = Math.max(0, passed - length);
}
