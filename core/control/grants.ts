import { Hono } from "hono";
import * as v from "valibot";
import { PosternError } from "../error.ts";
import { type Identity, identityKey, identityLabel } from "../identity.ts";
import type { StoredRequest } from "../store/grants.ts";
import type { Supervisor } from "../supervisor.ts";
import type { GrantView, RequestAnswered } from "./api.ts";
import { bearer, body, duration, flag, query } from "./request.ts";

/** One line that people read: nothing in it moves a cursor. */
const line = (most: number) =>
  v.pipe(v.string(), v.maxLength(most), v.regex(/^\P{Cc}*$/u, "is more than one line"));

const wish = v.strictObject({
  resource: v.string(),
  for: duration("1h"),
  because: v.optional(line(1000)),
  ticket: v.optional(line(200)),
  rules: v.optional(v.pipe(v.array(v.string()), v.nonEmpty("names no rule"))),
  breakGlass: v.optional(v.boolean(), false),
});

/** For whoever shows a token: to ask for a grant, to see what became of that, to give a grant back. */
export function grantRoutes(supervisor: Supervisor): Hono {
  const { grants } = supervisor.parts;
  return new Hono()
    .post("/requests", async (context) => {
      const identity = await bearer(context, supervisor);
      const { because, ticket, rules, ...asked } = await body(context, wish);
      const answer: RequestAnswered = await grants.ask(identity, {
        ...asked,
        ...(because === undefined ? {} : { because }),
        ...(ticket === undefined ? {} : { ticket }),
        ...(rules === undefined ? {} : { rules }),
      });
      return context.json(answer, 201);
    })
    .get("/requests/:id", async (context) => {
      const identity = await bearer(context, supervisor);
      const request = await grants.request(context.req.param("id"));
      if (!isOf(request, identity)) throw unknown("request", request.id);
      const grant = grants.open.find((each) => each.request === request.id);
      const answer: RequestAnswered = { request, ...(grant ? { grant } : {}) };
      return context.json(answer);
    })
    .get("/grants", async (context) => {
      const identity = await bearer(context, supervisor);
      const { all } = query(context, v.object({ all: flag }));
      const own = (await views(supervisor, all)).filter((grant) => isOf(grant, identity));
      return context.json({ grants: own });
    })
    .delete("/grants/:id", async (context) => {
      const identity = await bearer(context, supervisor);
      const id = context.req.param("id");
      const grant = grants.open.find((each) => each.id === id);
      if (!grant || !isOf(grant, identity)) throw unknown("grant", id);
      await grants.end(id, identityLabel(identity));
      return context.body(null, 204);
    });
}

/** Everybody's, for the operator on the control socket. */
export function allGrantRoutes(supervisor: Supervisor): Hono {
  return new Hono().get("/grants", async (context) => {
    const { all } = query(context, v.object({ all: flag }));
    return context.json({ grants: await views(supervisor, all) });
  });
}

async function views({ parts: { grants } }: Supervisor, all: boolean): Promise<readonly GrantView[]> {
  return all ? await grants.grants() : grants.open;
}

function isOf({ identity }: Pick<StoredRequest, "identity">, who: Identity): boolean {
  return identityKey(identity) === identityKey(who);
}

/** The same where there is one that is somebody else's. */
function unknown(what: "request" | "grant", id: string): PosternError {
  return new PosternError(`${what}.unknown`, `There is no ${what} ${id} of yours.`);
}
