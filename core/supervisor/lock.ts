import { Database } from "bun:sqlite";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** A database that is collected as garbage gives up its lock. */
const held = new Set<Database>();

/** The right to write below one path, for as long as this process lives. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock at `path`, or tells who has it. The kernel drops it with its process (SQLite's
 * exclusive lock is fcntl's), so that a lock is never stale. `path`.pid is for the reader's eyes and valid
 * only while the lock is held.
 */
export function takeLock(path: string): Lock | { readonly heldBy: number | undefined } {
  const database = new Database(path, { create: true });
  try {
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN EXCLUSIVE");
    database.run("COMMIT");
  } catch (error) {
    database.close();
    if ((error as { code?: unknown }).code !== "SQLITE_BUSY") throw error;
    return { heldBy: holder(path) };
  }
  held.add(database);
  writeFileSync(`${path}.pid`, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(`${path}.pid`, { force: true });
      held.delete(database);
      database.close();
    },
  };
}

function holder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(`${path}.pid`, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
