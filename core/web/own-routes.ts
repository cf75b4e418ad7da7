import { Hono } from "hono";
import { bearer } from "../control/request.ts";
import type { Supervisor } from "../supervisor.ts";

/** What the control socket shows an operator of everybody, and `web` each caller of what concerns them. */
export function ownRoutes(supervisor: Supervisor): Hono {
  return new Hono().get("/approvals", async (context) => {
    const identity = await bearer(context, supervisor);
    return context.json({
      approvals: await supervisor.answerable(identity),
      requests: supervisor.parts.grants.answerable(identity),
    });
  });
}
