import { Hono } from "hono";
import type { Supervisor } from "../supervisor.ts";
import { callerRoutes } from "../web/caller-routes.ts";
import { answerRoutes } from "./approvals.ts";
import { issuedRoutes } from "./credentials.ts";
import { grantRoutes } from "./grants.ts";

/** What takes a token each time, and so is served alike on the control socket and on the policy's `web`. */
export function identityRoutes(supervisor: Supervisor): Hono {
  const app = new Hono();
  for (const routes of [callerRoutes, answerRoutes, issuedRoutes, grantRoutes])
    app.route("/", routes(supervisor));
  return app;
}
