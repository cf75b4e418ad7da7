import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { PosternError } from "../error.ts";
import { type Lock, takeLock } from "./lock.ts";

/**
 * Makes the data folder the owner's alone and this process its only gateway. Workers that an earlier
 * supervisor left behind are ended first: they would write what nobody audits. Throws PosternError
 * `data.locked`, `data.folder`.
 */
export async function takeDataFolder(dataDir: string): Promise<Lock> {
  let others: boolean;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    others = (statSync(dataDir).mode & 0o077) !== 0;
    if (others && isOurs(dataDir)) chmodSync(dataDir, 0o700);
  } catch (cause) {
    throw new PosternError(
      "data.folder",
      `The data folder ${dataDir} cannot be used: ${(cause as Error).message}`,
      {
        hint: "Give a folder that the gateway's user owns: --data DIR.",
        cause,
      },
    );
  }
  if (others && !isOurs(dataDir)) {
    throw new PosternError(
      "data.folder",
      `${dataDir} holds other things, and others than its owner may enter it.`,
      {
        hint: "Give a folder that is for the gateway alone: --data DIR. It is made where there is none.",
      },
    );
  }
  const lock = takeLock(join(dataDir, "lock"));
  if ("heldBy" in lock) {
    const who = lock.heldBy === undefined ? "Another process" : `Process ${lock.heldBy}`;
    throw new PosternError("data.locked", `${who} serves on the data folder ${dataDir} already.`, {
      hint: "Stop that gateway first, or give another folder: --data DIR.",
    });
  }
  for (const name of readdirSync(dataDir)) {
    if (/^worker-\d+\.lock$/.test(name)) await endOrphan(join(dataDir, name));
  }
  return lock;
}

/** Empty, or a gateway's: only there may its mode be changed. */
function isOurs(dataDir: string): boolean {
  const names = readdirSync(dataDir).filter((name) => name !== "lost+found");
  return names.length === 0 || names.some((name) => name === "lock" || name === "trail");
}

/** Whoever holds a worker's lock while we hold the supervisor's has lost its supervisor. */
async function endOrphan(path: string): Promise<void> {
  for (;;) {
    const lock = takeLock(path);
    if (!("heldBy" in lock)) return lock.release();
    if (lock.heldBy !== undefined) kill(lock.heldBy);
    await Bun.sleep(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ESRCH") throw error;
  }
}
