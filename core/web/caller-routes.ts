import { Hono } from "hono";
import * as v from "valibot";
import type { ConnectAnswer, ResourceAccess, ResourceView, Whoami } from "../control/api.ts";
import { bearer, body, duration } from "../control/request.ts";
import { defaultLife } from "../credential/issue.ts";
import { rulesFor } from "../decide.ts";
import { type Identity, identityLabel } from "../identity.ts";
import type { Supervisor } from "../supervisor.ts";
import { launch } from "./launch.ts";
import { reachOf } from "./reach.ts";

const connectRequest = v.strictObject({
  resource: v.string(),
  ttl: duration(defaultLife),
  ca: v.optional(v.pipe(v.string(), v.maxLength(4096))),
});

/** What whoever shows a token may ask about themselves, on the control socket and on `web`. */
export function callerRoutes(supervisor: Supervisor): Hono {
  const { keeper, fleet } = supervisor.parts;
  return new Hono()
    .get("/whoami", async (context) => {
      const identity = await bearer(context, supervisor);
      const answer: Whoami = {
        identity,
        label: identityLabel(identity),
        resources: accessOf(supervisor, identity),
      };
      return context.json(answer);
    })
    .get("/resources", async (context) => {
      const identity = await bearer(context, supervisor);
      const addresses = await fleet.addresses();
      const resources = accessOf(supervisor, identity).map(
        ({ name, protocol }): ResourceView => ({
          name,
          protocol,
          ...reachOf(keeper.policy, name, addresses, supervisor.web.url),
        }),
      );
      return context.json({ resources });
    })
    .post("/connect", async (context) => {
      const identity = await bearer(context, supervisor);
      const { resource, ttl, ca } = await body(context, connectRequest);
      const answer: ConnectAnswer = await launch(supervisor, identity, { resource, ttl, ca });
      return context.json(answer, 201);
    });
}

/** The resources that an identity may use, or may ask for. */
function accessOf({ parts: { keeper, grants } }: Supervisor, identity: Identity): ResourceAccess[] {
  const { policy } = keeper;
  return Object.entries(policy.resources).flatMap(([name, { protocol }]) => {
    const { rights, closed, hint } = rulesFor(policy, identity, name, grants.open);
    if (rights.length === 0 && hint === undefined) return [];
    const later = closed.length === 0 ? {} : { closed };
    return [{ name, protocol: protocol.name, rights, ...later, ...(hint === undefined ? {} : { hint }) }];
  });
}
