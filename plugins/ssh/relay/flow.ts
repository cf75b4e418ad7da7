import type { Readable } from "node:stream";

/** Hands on what `from` has; while `take` waits, nothing more is read. Resolves at the end of it. */
export function flow(from: Readable, take: (bytes: Buffer) => Promise<void> | undefined): Promise<void> {
  from.on("data", (bytes: Buffer) => {
    const waits = take(bytes);
    if (!waits) return;
    from.pause();
    void waits.then(() => from.resume());
  });
  return new Promise((resolve) => {
    from.once("end", () => resolve());
    // A channel whose connection is gone may close without an end.
    from.once("close", () => resolve());
  });
}

/** Both, where either may be nothing to wait for. */
export function both(
  one: Promise<void> | undefined,
  other: Promise<void> | undefined,
): Promise<void> | undefined {
  if (!one || !other) return one ?? other;
  return Promise.all([one, other]).then(() => {});
}
