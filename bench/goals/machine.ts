import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readingOf } from "../own-process.ts";

/** A few hundred bytes at a time into a file whose blocks are there, as the trail's are: microseconds each. */
export function flushMicros(): number[] {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-flush-"));
  const file = openSync(join(folder, "file"), "w");
  try {
    writeSync(file, Buffer.alloc(1 << 20));
    fdatasyncSync(file);
    const entry = Buffer.alloc(300, 1);
    return Array.from({ length: 100 }, (_, index) => {
      writeSync(file, entry, 0, entry.length, index * entry.length);
      const began = performance.now();
      fdatasyncSync(file);
      return (performance.now() - began) * 1000;
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** Megabytes a second, time after time. */
export function scannerSpeed(): Promise<number[]> {
  return readingOf(join(import.meta.dir, "scanner.entry.ts"));
}
