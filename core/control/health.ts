import { Hono } from "hono";
import type { Supervisor } from "../supervisor.ts";

/** `/healthz`: the process turns; `/readyz`: callers are served; `/metrics`: Prometheus. No authentication. */
export function healthApp(supervisor: Supervisor): Hono {
  return new Hono()
    .get("/healthz", (context) => context.text("ok\n"))
    .get("/readyz", (context) => {
      const { unready } = supervisor;
      return unready === undefined ? context.text("ready\n") : context.text(`${unready}\n`, 503);
    })
    .get("/metrics", async (context) =>
      context.body(await supervisor.metrics(), 200, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      }),
    );
}
