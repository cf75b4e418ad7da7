import { Hono } from "hono";
import type { Supervisor } from "../supervisor.ts";
import type { Status } from "./api.ts";

export function statusRoutes(supervisor: Supervisor): Hono {
  const { version, dataDir, keeper, fleet, board, trail } = supervisor.parts;
  return new Hono().get("/status", async (context) => {
    const { startedAt, storeFailed } = supervisor;
    const status: Status = {
      version,
      pid: process.pid,
      startedAt,
      uptime: Math.round((Date.now() - startedAt) / 1000),
      dataDir,
      policy: keeper.state(),
      workers: fleet.workers(),
      listeners: await supervisor.addresses(),
      sessions: board.sessions().length,
      holds: board.holds().length,
      trail: trail.status,
      ...(storeFailed === undefined ? {} : { storeFailed }),
    };
    return context.json(status);
  });
}
