/** Bytes that arrive between two collections. */
const collectEvery = 64 << 20;
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
