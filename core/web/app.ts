import { Hono } from "hono";
import type { Introduction } from "../control/api.ts";
import { identityRoutes } from "../control/identity-routes.ts";
import { asReason, problem } from "../control/problem.ts";
import { bearer } from "../control/request.ts";
import { Strangers } from "../strangers.ts";
import type { Supervisor } from "../supervisor.ts";
import { faceRoutes } from "./face-routes.ts";
import type { Answer } from "./listener.ts";
import { ownRoutes } from "./own-routes.ts";

/** Requests that are answered at the same time, fairly by source; what comes on top is sent away at once. */
const most = 512;

/** For pages that a plugin shows too, unless it says otherwise itself. */
const careful: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** What the policy's `web` answers: docs/control-api.md. Whoever asks is a stranger until a token says who. */
export function webAnswer(supervisor: Supervisor): Answer {
  const app = webApp(supervisor);
  const strangers = new Strangers();
  return async (request, remote) => {
    // Bun passes on what a Host header makes of an address, and plugins parse it.
    if (!URL.canParse(request.url)) return new Response(null, { status: 400 });
    const leave = strangers.place(remote, most);
    if (!leave) return new Response(null, { status: 503, headers: { "retry-after": "1" } });
    try {
      return await app.fetch(request, { remote });
    } finally {
      leave();
    }
  };
}

function webApp(supervisor: Supervisor): Hono {
  const { keeper, version, log } = supervisor.parts;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(careful)) {
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    }
  });
  app.get("/.well-known/postern", (context) => {
    const answer: Introduction = { version, url: supervisor.web.url, login: keeper.logins };
    return context.json(answer);
  });
  app.route("/", faceRoutes(supervisor));
  // Before any route is looked for: strangers do not learn which there are.
  app.use("/v1/*", async (context, next) => {
    await bearer(context, supervisor);
    await next();
  });
  for (const routes of [identityRoutes, ownRoutes]) app.route("/v1", routes(supervisor));
  app.notFound((context) =>
    problem(context, { code: "request.no-route", message: "There is nothing here." }),
  );
  app.onError((error, context) => {
    const { method, path } = context.req;
    const unexpected = (error: Error) => log.error({ error, method, path }, "a request failed");
    return problem(context, asReason(error, unexpected));
  });
  return app;
}
