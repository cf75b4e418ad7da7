import { Hono } from "hono";
import type { Supervisor } from "../supervisor.ts";
import { approvalRoutes } from "./approvals.ts";
import { auditRoutes } from "./audit.ts";
import { tokenRoutes } from "./credentials.ts";
import { endingRoutes } from "./endings.ts";
import { allGrantRoutes } from "./grants.ts";
import { healthApp } from "./health.ts";
import { identityRoutes } from "./identity-routes.ts";
import { policyRoutes } from "./policy.ts";
import { asReason, problem } from "./problem.ts";
import { recordingRoutes } from "./recordings.ts";
import { resourceRoutes } from "./resources.ts";
import { sessionRoutes } from "./sessions.ts";
import { statusRoutes } from "./status.ts";

/** The control API: docs/control-api.md. Whoever reaches it is the operator. */
export function controlApp(supervisor: Supervisor): Hono {
  const app = new Hono();
  for (const routes of [
    statusRoutes,
    sessionRoutes,
    recordingRoutes,
    approvalRoutes,
    tokenRoutes,
    allGrantRoutes,
    identityRoutes,
    endingRoutes,
    auditRoutes,
    policyRoutes,
    resourceRoutes,
  ]) {
    app.route("/v1", routes(supervisor));
  }
  app.route("/", healthApp(supervisor));
  app.notFound((context) => {
    const { method, path } = context.req;
    return problem(context, { code: "request.no-route", message: `There is no ${method} ${path}.` });
  });
  app.onError((error, context) => {
    const { method, path } = context.req;
    const unexpected = (error: Error) =>
      supervisor.parts.log.error({ error, method, path }, "a request failed");
    return problem(context, asReason(error, unexpected));
  });
  return app;
}
