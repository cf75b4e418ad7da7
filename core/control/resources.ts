import { Hono } from "hono";
import { PosternError } from "../error.ts";
import { issuePermit, type Permit } from "../permit.ts";
import type { Resource } from "../protocol.ts";
import type { Supervisor } from "../supervisor.ts";
import type { BypassAnswer } from "./api.ts";

/** For the operator alone: what resources say of themselves. */
export function resourceRoutes(supervisor: Supervisor): Hono {
  return new Hono().get("/resources/:name/bypasses", async (context) => {
    const name = context.req.param("name");
    const { resources } = supervisor.parts.keeper.policy;
    const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
    if (!resource) {
      throw new PosternError("resource.unknown", `There is no resource named ${JSON.stringify(name)}.`, {
        hint: "The operator's policy file lists them under `resources`.",
      });
    }
    const { protocol } = resource;
    if (!protocol.bypasses) {
      throw new PosternError("doctor.unsupported", `${protocol.name} does not tell who is logged in there.`, {
        hint: "Look at the resource itself. `postern doctor` without a name checks that it can be reached.",
      });
    }
    await supervisor.admin("bypasses", "gateway", name);
    const answer: BypassAnswer = { bypasses: await protocol.bypasses(ownPermit(resource)) };
    return context.json(answer);
  });
}

/** For a question of the gateway's own that no session asks. */
function ownPermit(resource: Resource): Permit {
  return issuePermit(resource, {
    purpose: "control",
    session: "",
    identity: { issuer: "postern", subject: "gateway", kind: "machine", groups: [] },
    label: "postern doctor",
    lease: () =>
      Promise.reject(new PosternError("permit.forged", "A question of the gateway's own makes nothing.")),
  });
}
