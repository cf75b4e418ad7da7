import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "bun";
import { PosternError } from "../error.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** sockaddr_un.sun_path without its final zero: 108 bytes on Linux, 104 on macOS. */
const longestPath = process.platform === "linux" ? 107 : 103;

/** A watcher of approvals may wait for hours. Bun obeys this on a unix socket; its types do not know it there. */
const patient: object = { idleTimeout: 0 };
const maxRequestBodySize = 1 << 20;

/** A control or health listener; `stop` also ends what is being answered. */
export interface ControlListener {
  stop(): Promise<void>;
}

/** On `<dataDir>/control.sock`, mode 0600 from its first moment. Throws PosternError `control.path`. */
export function listenControl(dataDir: string, fetch: Fetch): ControlListener {
  const path = join(dataDir, "control.sock");
  if (Buffer.byteLength(path) > longestPath) {
    throw new PosternError("control.path", `${path} is too long for a unix socket.`, {
      hint: `Choose a data folder whose path has at most ${longestPath - "/control.sock".length} bytes.`,
    });
  }
  // Left by a gateway that was killed: the lock on the folder says that nobody listens there.
  rmSync(path, { force: true });
  const umask = process.umask(0o177);
  let server: Server<undefined>;
  try {
    server = Bun.serve({ unix: path, fetch, maxRequestBodySize, ...patient });
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o600);
  return { stop: () => stop(server, path) };
}

/** The health routes over TCP. Throws PosternError `health.listen`. */
export function listenHealth(address: string, fetch: Fetch): ControlListener {
  const { hostname, port } = new URL(`tcp://${address}`);
  try {
    const server = Bun.serve({ hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port), fetch });
    return { stop: () => server.stop(true) };
  } catch (cause) {
    throw new PosternError(
      "health.listen",
      `Cannot serve health on ${address}: ${(cause as Error).message}`,
      {
        hint: "Give another `health` address in the policy file.",
        cause,
      },
    );
  }
}

async function stop(server: Server<undefined>, path: string): Promise<void> {
  await server.stop(true);
  rmSync(path, { force: true });
}
