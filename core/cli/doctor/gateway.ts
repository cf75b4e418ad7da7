import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { takeLock } from "../../supervisor/lock.ts";
import type { ControlClient } from "../client.ts";
import { span } from "../time.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** What runs on the data folder, and how it is. */
export async function gatewayState(
  folder: string,
  client: ControlClient,
): Promise<{ readonly findings: Finding[]; readonly status?: Status }> {
  try {
    const status = await client.get<Status>("/v1/status");
    return { status, findings: [socketMode(join(folder, "control.sock")), ...health(status)] };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    if (error.code !== "control.unreachable") {
      return { findings: [fail("gateway", error.message, error.more.hint ?? "Look into its log.")] };
    }
    return { findings: [notAnswering(folder)] };
  }
}

function socketMode(socket: string): Finding {
  const check = "control socket";
  if ((statSync(socket).mode & 0o077) === 0) return ok(check, socket);
  return fail(check, `others can use ${socket}, and be anyone`, `chmod 600 ${socket}`);
}

function health({ pid, uptime, workers, policy, trail, storeFailed, listeners }: Status): Finding[] {
  const addresses = listeners.map(({ protocol, host, port }) => `${protocol} ${host}:${port}`).join(", ");
  const found = [ok("gateway", `process ${pid} serves ${addresses} for ${span(uptime * 1000)}`)];
  const gone = workers.filter(({ ready }) => !ready);
  if (gone.length > 0) {
    found.push(
      warn("workers", `${gone.length} of ${workers.length} are not ready`, "Look into the gateway's log."),
    );
  }
  if (trail.state !== "ok") {
    found.push(
      fail("trail", `the recorder is ${trail.state}`, "Look at the disk and into the gateway's log."),
    );
  }
  if (storeFailed !== undefined) {
    found.push(
      fail(
        "store",
        storeFailed,
        "A store server is tried again by itself. Else restart the gateway; `postern audit reindex` rebuilds the index.",
      ),
    );
  }
  if (policy.error) {
    found.push(
      warn(
        "reload",
        `${policy.path} is not what is served: ${policy.error.message}`,
        policy.error.hint ?? "Mend the policy.",
      ),
    );
  }
  return found;
}

function notAnswering(folder: string): Finding {
  const check = "gateway";
  const path = join(folder, "lock");
  const none = ok(check, "none runs on this data folder");
  if (!existsSync(path)) return none;
  const lock = takeLock(path);
  if (!("heldBy" in lock)) {
    lock.release();
    return none;
  }
  const who = lock.heldBy === undefined ? "a process" : `process ${lock.heldBy}`;
  return fail(
    check,
    `${who} holds the data folder and does not answer`,
    "Look into its log; then stop it and start again.",
  );
}
