import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeLock } from "./lock.ts";

const module = JSON.stringify(join(import.meta.dir, "lock.ts"));

test("a lock is held by one process, names it, and dies with it", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "postern-lock-")), "lock");
  const code = `import { takeLock } from ${module}; takeLock(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1e6);`;
  const other = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  const reader = other.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("held\n");

  expect(takeLock(path)).toEqual({ heldBy: other.pid });
  other.kill("SIGKILL");
  await other.exited;
  const mine = takeLock(path);
  expect("release" in mine).toBe(true);
  if ("release" in mine) mine.release();
});
