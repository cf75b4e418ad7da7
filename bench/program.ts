import { spawn } from "node:child_process";
import { connectWire } from "../core/plugin.ts";

/** Starts a proxy and waits until its port takes connections. */
export async function startProgram(
  command: string,
  args: readonly string[],
  port: number,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<{ readonly pid: number; close(): Promise<void> }> {
  const child = spawn(command, args, { ...owner, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk).slice(-4000);
    });
  }
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      said += error.message;
      resolve();
    });
  });
  const end = () => child.kill("SIGKILL");
  process.on("exit", end);
  const deadline = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
      end();
      throw new Error(`${command} did not start: ${said}`);
    }
    await Bun.sleep(20);
  }
  return {
    pid: child.pid as number,
    async close() {
      process.off("exit", end);
      end();
      await exited;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    const wire = await connectWire({ host: "127.0.0.1", port, timeout: 1000 });
    wire.destroy();
    return true;
  } catch {
    return false;
  }
}

export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}
