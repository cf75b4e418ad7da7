import { Hono } from "hono";
import * as v from "valibot";
import type { Supervisor } from "../supervisor.ts";
import { operator, query } from "./request.ts";

const number = v.pipe(v.string(), v.regex(/^\d+$/, "write a number"), v.transform(Number));
const filter = v.strictObject({
  session: v.optional(v.string()),
  identity: v.optional(v.string()),
  resource: v.optional(v.string()),
  /** May be given more than once. */
  kind: v.optional(v.array(v.string())),
  text: v.optional(v.string()),
  since: v.optional(number),
  until: v.optional(number),
  limit: v.optional(number),
  before: v.optional(v.string()),
});

export function auditRoutes(supervisor: Supervisor): Hono {
  const { index } = supervisor.parts;
  return new Hono()
    .get("/audit", async (context) => {
      const given = defined(query(context, filter, "kind"));
      await index.call("fresh");
      return context.json(await index.call("audit", given));
    })
    .post("/audit/reindex", async (context) => {
      await supervisor.admin("audit-reindex", operator);
      return context.json({ entries: await index.call("reindex") });
    });
}

/** Without the members that are undefined. */
function defined<T extends object>(value: T) {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
