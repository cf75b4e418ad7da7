import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern } from "../test/postern.ts";
import type { Database } from "./database.ts";

const policy = join("demo", "demo.policy.ts");

/** A running `postern serve demo/demo.policy.ts`, and the command line that talks to it. */
export interface DemoGateway {
  readonly port: number;
  readonly data: string;
  /** Its log file. */
  readonly log: string;
  /** Runs `postern …`, as whoever the token proves, and returns what it printed. Throws when it fails. */
  postern(args: readonly string[], token?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startGateway(database: Database): Promise<DemoGateway> {
  const folder = mkdtempSync(join(tmpdir(), "postern-demo-"));
  const data = join(folder, "data");
  const log = join(folder, "gateway.log");
  const gateway = new Postern(policy, data, log, {
    DEMO_PORT: String(freePort(6432)),
    DEMO_DATABASE_PORT: String(database.port),
    DEMO_DATABASE_PASSWORD: database.password,
  });
  try {
    await gateway.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    port: gateway.port,
    data,
    log,
    async postern(args, token) {
      const { code, stdout, stderr } = await gateway.postern(args, token);
      if (code !== 0) throw new Error(`postern ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
      return stdout;
    },
    async close() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** This port, or where it is taken any free one. */
function freePort(wanted: number): number {
  try {
    const probe = Bun.listen({ hostname: "127.0.0.1", port: wanted, socket: { data() {} } });
    probe.stop(true);
    return probe.port;
  } catch {
    return freePort(0);
  }
}
