import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Scanner } from "../../plugins/mask/detect/scanner.ts";
import { threadMicros } from "../growth/timed.ts";
import { scanned } from "../postgres/scenarios/inside-bulk.ts";

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

/** Megabytes a second, the best of some passes each: whoever else wants the CPU makes most of them slower and none faster. */
export function scannerSpeed(): number[] {
  const [rounds, passes] = [5, 40];
  const text = scanned();
  const scanner = new Scanner(["email", "card"]);
  const look = () => {
    for (let at = 0; scanner.next(text, at, text.length); at = scanner.end);
  };
  const pass = () => text.length / Math.min(...Array.from({ length: passes }, () => threadMicros(look)));
  return Array.from({ length: rounds + 1 }, pass).slice(1);
}
